#include "audit/html_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace kaisar::audit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(HtmlTemplate, TextCannotBecomeMarkup) {
  EXPECT_EQ(Html::Text("<script>alert(\"1\" & '2')</script>").markup(),
            "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;");
  EXPECT_EQ(Html::Element("td class='number'", "<b>").markup(),
            "<td class='number'>&lt;b&gt;</td>");
}

TEST(HtmlTemplate, JsonCannotEndItsScriptAndStaysTheSame) {
  const nlohmann::ordered_json json = {
      {"</script><script>", "<!--<script>"}, {"quoted", "\"\\<"}, {"number", 7}};
  const std::string block = Html::Json(json).markup();
  EXPECT_THAT(block, Not(HasSubstr("<")));
  EXPECT_EQ(nlohmann::ordered_json::parse(block), json);
}

TEST(HtmlTemplate, JsonOfBytesThatAreNoTextIsJson) {
  const std::string block = Html::Json({{"text", "a\xff\xc0z"}}).markup();
  EXPECT_EQ(nlohmann::json::parse(block)["text"], "a\ufffd\ufffdz");
}

TEST(HtmlTemplate, FillsEachPlaceOnceAndNothingThatAValueHolds) {
  EXPECT_EQ(
      FillTemplate("{{a}}-{{b}}-{{a}}{", {{"a", Html::Text("{{b}}")}, {"b", Html::Markup("<i>")}}),
      "{{b}}-<i>-{{b}}{");
  EXPECT_DEATH(FillTemplate("{{c}}", {}), "");
  EXPECT_DEATH(FillTemplate("{{c", {}), "");
}

TEST(HtmlTemplate, AllowsAScriptByItsHash) {
  // Of the W3C's Content Security Policy Level 3, 8.3.
  EXPECT_EQ(ContentHash("alert('Hello, world.');"),
            "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
}

}  // namespace
}  // namespace kaisar::audit
