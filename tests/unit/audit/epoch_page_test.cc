#include "audit/epoch_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/strings/match.h"
#include "audit/device_explanation.h"
#include "audit/html_command.h"
#include "audit/html_template.h"
#include "base/file.h"
#include "base/hex.h"
#include "kaisar/v1/device.pb.h"
#include "tests/support/epoch_fixture.h"
#include "tests/unit/audit/log_fixture.h"

namespace kaisar::audit {
namespace {

using kaisar::testing::EpochFixture;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::uint64_t kMostPageBytes = 16 << 20;

class EpochPageTest : public ::testing::Test {
 protected:
  EpochPageTest() : directory_(TemporaryDirectory::Place::kMemory) {}

  std::string Log() const { return directory_.File("log"); }
  std::string Report() const { return directory_.File("report"); }
  std::string Page() const { return directory_.File("page.html"); }

  void Write() {
    std::filesystem::remove(Log());
    epoch_.WriteLog(Log());
    epoch_.WriteReport(Report());
  }

  int Run(int threads = 1) {
    out_.str("");
    errors_.str("");
    return RunHtml({Log(), Report(), Page(), threads, true}, out_, errors_);
  }

  std::string Read() const { return ReadFile(Page(), kMostPageBytes).value_or(""); }

  /// What stands between two marks.
  static std::string Between(const std::string& text, const std::string& begin,
                             const std::string& end) {
    const std::size_t from = text.find(begin);
    EXPECT_NE(from, std::string::npos) << begin;
    if (from == std::string::npos) return "";
    const std::size_t start = from + begin.size();
    return text.substr(start, text.find(end, start) - start);
  }

  static nlohmann::json JsonOf(const std::string& page) {
    return nlohmann::json::parse(
        Between(page, "<script type=\"application/json\" id=\"audit\">", "</script>"));
  }

  EpochFixture epoch_;
  TemporaryDirectory directory_;
  std::ostringstream out_, errors_;
};

TEST_F(EpochPageTest, SaysWhatWasVerifiedAndHowToDoItAgain) {
  Write();
  EXPECT_EQ(Run(), 0) << errors_.str();
  const std::string page = Read();
  EXPECT_THAT(page, StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(page, HasSubstr("Epoch 7, slot 3"));
  EXPECT_THAT(page, HasSubstr("Holds: log and report are what they must be"));
  EXPECT_THAT(page, HasSubstr("2026-01-01 00:00:00 UTC to 2026-01-01 00:01:00 UTC"));
  EXPECT_THAT(page, HasSubstr("chain 31337"));
  EXPECT_THAT(page, HasSubstr("0x" + ToHex(epoch_.report.transcript_root)));
  EXPECT_THAT(page, HasSubstr("0x" + ToHex(EpochFixture::SlotKey(3).address())));
  EXPECT_THAT(page, HasSubstr("slot 3’s key in the roster"));
  EXPECT_THAT(page, HasSubstr("kaisar-audit verify --log " + Log() + " --report " + Report()));
  EXPECT_THAT(page, HasSubstr("kaisar-audit html " + Log() + " " + Report() + " -o " + Page()));
  EXPECT_THAT(out_.str(), StartsWith("holds: "));
  EXPECT_THAT(out_.str(), HasSubstr("verified in "));
}

TEST_F(EpochPageTest, IsTheSameHoweverManyThreadsVerified) {
  Write();
  EXPECT_EQ(Run(1), 0);
  const std::string page = Read();
  EXPECT_EQ(Run(3), 0);
  EXPECT_EQ(Read(), page);
}

TEST_F(EpochPageTest, HasOfEachDeviceWhatExplainHas) {
  Write();
  ASSERT_EQ(Run(), 0);
  const nlohmann::json json = JsonOf(Read());
  EXPECT_EQ(json["epoch_ms"], EpochFixture::kEpochMs);
  ASSERT_EQ(json["devices"].size(), 7u);
  for (const nlohmann::json& device : json["devices"]) {
    const auto explained = ExplainDevice(Log(), device["device"]);
    ASSERT_TRUE(explained.ok());
    EXPECT_EQ(device["sentence"], ScoreSentence(*explained));
    EXPECT_EQ(device["formula"], ScoreFormula(*explained));
    const std::vector<ScorePart> parts = PartsOf(*explained);
    ASSERT_EQ(device["parts"].size(), parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      EXPECT_EQ(device["parts"][i],
                nlohmann::json({parts[i].name, parts[i].formula, parts[i].ppm}));
    }
  }
}

TEST_F(EpochPageTest, HasEveryFigureAndEveryChallengeThatDidNotPass) {
  Write();
  ASSERT_EQ(Run(), 0);
  const nlohmann::json json = JsonOf(Read());
  const nlohmann::json& honest = json["devices"][0];
  EXPECT_EQ(honest["rtt"]["v"].size(), 6u);
  EXPECT_EQ(honest["rate"]["v"].size(), 3u);
  EXPECT_EQ(honest["samples"], 12);  // three proofs of four, one of them in the muster
  EXPECT_EQ(honest["unseen"], nlohmann::json({"88.7 %", "54.2 %", "28.4 %"}));
  EXPECT_THAT(honest["says"].get<std::string>(), HasSubstr("NVIDIA H100"));
  const nlohmann::json& caught = json["devices"][4];
  EXPECT_EQ(caught["score"], 0);
  EXPECT_EQ(caught["missed_count"], 1);
  const std::size_t closed = epoch_.FindClosed(5, v1::MATMUL, 0);
  EXPECT_EQ(caught["missed"][0], nlohmann::json({epoch_.records[closed].closed().due_ms(), "matmul",
                                                 1, "PROOF_INVALID", closed}));
  std::uint64_t last = 0;
  for (const std::uint64_t step : honest["rtt"]["t"]) last += step;
  EXPECT_LE(last * json["tick_ms"].get<std::uint64_t>(), EpochFixture::kEpochMs);
}

TEST_F(EpochPageTest, SaysAtTheTopThatALogDoesNotHold) {
  // A device that is caught, and a checker that says that it was not.
  epoch_.Closed(5, v1::MATMUL, 0).set_verdict(v1::PASS);
  epoch_.Closed(5, v1::MATMUL, 0).set_reason(v1::NONE);
  epoch_.ReportAsRecorded();
  Write();
  EXPECT_EQ(Run(), 1);
  const std::string page = Read();
  EXPECT_THAT(page, HasSubstr("<section class=\"verdict differs\""));
  EXPECT_THAT(page, HasSubstr("Does not hold: 2 differences"));
  EXPECT_LT(page.find("expected FAIL PROOF_INVALID"), page.find("<h2 id=\"epoch\">"));
  EXPECT_THAT(page, Not(HasSubstr("Holds: ")));
  // The device's score is what it should be, whatever the report says.
  EXPECT_EQ(JsonOf(page)["devices"][4]["score"], 0);
  EXPECT_THAT(out_.str(), HasSubstr("does not hold: 2 differences"));
}

TEST_F(EpochPageTest, IsWrittenOfADamagedLogToo) {
  Write();
  std::filesystem::resize_file(Log(), std::filesystem::file_size(Log()) / 2);
  EXPECT_EQ(Run(), 1) << errors_.str();
  const std::string page = Read();
  EXPECT_THAT(page, HasSubstr("Does not hold: 1 difference"));
  EXPECT_THAT(page, HasSubstr("none: the log is damaged"));
  EXPECT_EQ(JsonOf(page)["devices"].size(), 0u);
}

TEST_F(EpochPageTest, IsNotWrittenWhenAFileCannotBeRead) {
  Write();
  std::filesystem::remove(Report());
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(errors_.str(), HasSubstr(Report()));
  EXPECT_FALSE(std::filesystem::exists(Page()));
}

TEST_F(EpochPageTest, NamesWhoSignedWhenItIsNotTheSlot) {
  Write();
  const SigningKey other = EpochFixture::SlotKey(EpochFixture::kOtherSlot);
  epoch_.WriteReport(Report(), &other);
  EXPECT_EQ(Run(), 1);
  EXPECT_THAT(Read(), HasSubstr("0x" + ToHex(other.address()) +
                                "</span><span class='bad'>, which is not the slot’s key"));
}

TEST_F(EpochPageTest, RunsNoScriptButItsOwn) {
  Write();
  ASSERT_EQ(Run(), 0);
  const std::string page = Read();
  const std::string policy = Between(page, "Content-Security-Policy\" content=\"", "\"");
  EXPECT_THAT(policy, StartsWith("default-src 'none'; "));
  EXPECT_THAT(policy,
              HasSubstr("script-src " + ContentHash(Between(page, "<script>", "</script>"))));
  EXPECT_THAT(policy, HasSubstr("style-src " + ContentHash(Between(page, "<style>", "</style>"))));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  for (const char* outside : {"http://", "https://", "src=", "@import", "url("}) {
    std::string without = page;
    // The name of a namespace, which nobody asks anything of.
    const std::string svg = "http://www.w3.org/2000/svg";
    without.erase(without.find(svg), svg.size());
    EXPECT_THAT(without, Not(HasSubstr(outside)));
  }
}

TEST_F(EpochPageTest, TakesWhatTheLogSaysForText) {
  const std::string attack = "</script><script>alert(1)</script><img src=x onerror=alert(2)>";
  v1::DeviceDescription description;
  description.set_backend(attack);
  description.mutable_gpu()->set_name(attack);
  epoch_.Described(2).set_description(description.SerializeAsString());
  epoch_.Described(2).set_software(attack);
  epoch_.Described(3).set_detail(attack);
  for (v1::Device& device : *epoch_.opened().mutable_roster()->mutable_devices()) {
    device.set_region(attack);
  }
  epoch_.ReportAsRecorded();
  Write();
  const int status = Run();
  EXPECT_NE(status, 2) << errors_.str();
  const std::string page = Read();
  EXPECT_THAT(page, Not(HasSubstr("alert(1)</script")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_TRUE(absl::StrContains(page, "\\u003c/script>\\u003cscript>alert(1)"));
  // Two of ours, no more.
  std::size_t scripts = 0;
  for (std::size_t at = page.find("<script"); at != std::string::npos;
       at = page.find("<script", at + 1)) {
    ++scripts;
  }
  EXPECT_EQ(scripts, 2u);
}

TEST(EpochPage, QuotesTheNamesOfFiles) {
  AuditedEpoch audited;
  audited.log_path = "it's <b>.log";
  audited.report_path = "a b";
  audited.page_path = "p.html";
  audited.result.difference_count = 1;
  audited.result.differences = {"record 3: <script>alert(3)</script>"};
  const std::string page = MakeEpochPage(audited);
  EXPECT_THAT(page,
              HasSubstr("kaisar-audit verify --log &#39;it&#39;\\&#39;&#39;s &lt;b&gt;.log&#39; "
                        "--report &#39;a b&#39;"));
  EXPECT_THAT(page, HasSubstr("<li>record 3: &lt;script&gt;alert(3)"));
}

}  // namespace
}  // namespace kaisar::audit
