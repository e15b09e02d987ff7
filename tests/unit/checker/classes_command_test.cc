#include "checker/classes_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace kaisar::checker {
namespace {

using ::testing::HasSubstr;

std::string PathOf(const std::string& path) {
  return absl::StrCat(std::getenv("KAISAR_SOURCE_DIR"), "/", path);
}

std::string Printed(const std::string& policy, bool json) {
  std::ostringstream out;
  const absl::Status status = ClassesCommand({PathOf(policy), json}, out);
  EXPECT_TRUE(status.ok()) << status;
  return out.str();
}

TEST(ClassesCommand, PrintsTheTableThatTheDocumentShows) {
  std::ifstream file(PathOf("docs/policy.md"));
  const std::string document(std::istreambuf_iterator<char>(file), {});
  EXPECT_THAT(document, HasSubstr("$ kaisar-checker classes --policy deploy/policy.yaml\n" +
                                  Printed("deploy/policy.yaml", false) + "```"));
}

TEST(ClassesCommand, HasTheSourcesInTheJson) {
  const auto json = nlohmann::json::parse(Printed("deploy/policy.yaml", true))["classes"];
  ASSERT_EQ(json.size(), 15u);
  EXPECT_EQ(json[1]["class"], "a100-40");
  EXPECT_EQ(json[1]["n"], 8192);
  EXPECT_EQ(json[1]["rounds"], 448);
  EXPECT_EQ(json[1]["commitment_deadline_ms"], 10'000);
  EXPECT_EQ(json[1]["opening_deadline_ms"], 5000);
  EXPECT_EQ(json[1]["proof_bytes"], 32'078'036'992u);
  EXPECT_EQ(json[1]["memory_bytes"], 40'000'000'000u);
  EXPECT_EQ(json[1]["peak_ops_per_second"], 624'000'000'000'000u);
  EXPECT_EQ(json[1]["full_claim_ppm"], 800'000);
  EXPECT_EQ(json[1]["full_claim_ops_per_second"], 499'200'000'000'000u);
  EXPECT_EQ(json[1]["proof_ms"], 987);
  EXPECT_EQ(json[1]["arithmetic"], "int8");
  EXPECT_THAT(json[1]["source"].get<std::string>(), HasSubstr("A100"));
  EXPECT_EQ(json[4]["arithmetic"], "bf16");
}

TEST(ClassesCommand, ShowsWhatItKnowsOfAClassWithoutHardware) {
  EXPECT_THAT(Printed("deploy/quickstart-policy.yaml", false),
              HasSubstr("cpu    -                   -          -                 -  1024"));
  const auto json = nlohmann::json::parse(Printed("deploy/quickstart-policy.yaml", true));
  EXPECT_EQ(json["classes"][0]["class"], "cpu");
  EXPECT_FALSE(json["classes"][0].contains("memory_bytes"));
}

TEST(ClassesCommand, SaysWhatIsWrongWithThePolicy) {
  std::ostringstream out;
  EXPECT_THAT(ClassesCommand({PathOf("deploy/none.yaml"), false}, out).message(),
              HasSubstr("none.yaml"));
  EXPECT_THAT(ClassesCommand({PathOf("CHANGELOG.md"), false}, out).message(),
              HasSubstr("CHANGELOG.md:"));
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace kaisar::checker
