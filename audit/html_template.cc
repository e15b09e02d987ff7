#include "audit/html_template.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/sha256.h"

namespace kaisar::audit {

Html Html::Text(absl::string_view text) {
  return Html(absl::StrReplaceAll(
      text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}}));
}

Html Html::Markup(absl::string_view markup) {
  return Html(std::string(markup));
}

Html Html::Element(absl::string_view tag, const Html& content) {
  return Html(
      absl::StrCat("<", tag, ">", content.markup_, "</", tag.substr(0, tag.find(' ')), ">"));
}

Html Html::Json(const nlohmann::ordered_json& json) {
  // Outside of texts JSON has no "<", and within one an escape is the same: nothing in it can end
  // the script or begin a comment.
  const std::string dumped =
      json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return Html(absl::StrReplaceAll(dumped, {{"<", "\\u003c"}}));
}

Html& Html::operator+=(const Html& more) {
  markup_ += more.markup_;
  return *this;
}

std::string FillTemplate(absl::string_view page, const std::map<std::string, Html>& values) {
  std::string filled;
  while (true) {
    const std::size_t begin = page.find("{{");
    absl::StrAppend(&filled, page.substr(0, begin));
    if (begin == absl::string_view::npos) return filled;
    const std::size_t end = page.find("}}", begin);
    KAISAR_CHECK(end != absl::string_view::npos);
    const auto value = values.find(std::string(page.substr(begin + 2, end - begin - 2)));
    KAISAR_CHECK(value != values.end());
    filled += value->second.markup();
    page.remove_prefix(end + 2);
  }
}

std::string ContentHash(absl::string_view content) {
  const Digest digest = Sha256(ViewOf(content));
  return absl::StrCat("'sha256-", absl::Base64Escape(ToString(digest)), "'");
}

}  // namespace kaisar::audit
