#include "audit/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_replace.h"
#include "audit/verify_command.h"
#include "nlohmann/json.hpp"
#include "tests/unit/audit/changed_epoch.h"

namespace kaisar::audit {
namespace {

using testing::EpochFixture;
using ::testing::HasSubstr;

std::string ReadBytes(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class HonestEpoch : public ::testing::Test {
 protected:
  void SetUp() override {
    epoch_.WriteLog(log_);
    epoch_.WriteReport(report_);
  }
  int Run(bool json = false) {
    out_.str("");
    errors_.str("");
    VerifyArguments arguments;
    arguments.log_path = log_;
    arguments.report_path = report_;
    arguments.json = json;
    arguments.threads = 1;
    return RunVerify(arguments, out_, errors_);
  }
  EpochFixture epoch_;
  TemporaryDirectory directory_{TemporaryDirectory::Place::kMemory};
  std::string log_ = directory_.File("log");
  std::string report_ = directory_.File("report");
  std::ostringstream out_, errors_;
};

TEST_F(HonestEpoch, IsAcceptedAndCountsWhatWasChecked) {
  std::uint64_t last_progress = 0;
  VerifyOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    last_progress = done;
    EXPECT_EQ(total, epoch_.records.size());
  };
  const auto result = Verify(log_, report_, options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->difference_count, 0u) << absl::StrJoin(result->differences, "\n");
  EXPECT_EQ(result->records, epoch_.records.size());
  EXPECT_EQ(last_progress, result->records);
  // 7 devices: 6 latency challenges each; 6 of them 3 matmul challenges each, muster included; 5 in
  // standby 2 bandwidth challenges each.
  EXPECT_EQ(result->challenges, 7u * 6 + 6 * 3 + 5 * 2);
  // 14 proofs of 4 samples pass. Signed: all issued but one, 15 commitments and openings, all
  // transcripts but two of pings and one of bandwidth, the report.
  EXPECT_EQ(result->samples_checked, 14u * 4);
  EXPECT_EQ(result->signatures_checked, 69u + 15 + 15 + 40 + 9 + 1);
}

TEST_F(HonestEpoch, GivesEveryDeviceItsScoreAndSaysWhy) {
  const auto result = Verify(log_, report_);
  ASSERT_TRUE(result.ok()) << result.status();
  std::vector<std::string> said;
  for (const DeviceScore& score : result->scores) {
    said.push_back(absl::StrCat(score.device, " ",
                                score.score.has_value() ? absl::StrCat(*score.score) : "none", " ",
                                score.explanation));
  }
  EXPECT_THAT(said, ::testing::ElementsAre(
                        "1 200 ", "2 200 ", "3 200 ", "4 200 ",
                        "5 0 a wrong proof makes the score 0 (1 PROOF_INVALID)",
                        "6 55 reached 33.5 % of the claimed rate; measured 109 Mbit/s down and "
                        "39.9 Mbit/s up, 39.9 % of what counts; answered 83.3 % of the latency "
                        "challenges (1 UNREACHABLE)",
                        "7 none left out: 0 conclusive matmul challenges of the 2 needed (3 "
                        "DEVICE_CHALLENGED)"));
}

TEST_F(HonestEpoch, IsPrintedAsATableWithALastLineAndExitStatus0) {
  EXPECT_EQ(Run(), 0);
  EXPECT_THAT(out_.str(), HasSubstr("device  what it is  pass/fail/inc."));
  EXPECT_THAT(out_.str(), HasSubstr("     6  (cpu)               10/1/0  3.35 Mop/s    33.5 %  109 "
                                    "Mbit/s  39.9 Mbit/s   83.3 % "
                                    " 6.03 ms   55/200  reached"));
  EXPECT_THAT(out_.str(), HasSubstr("\nholds: "));
  EXPECT_EQ(errors_.str(), "");
}

TEST_F(HonestEpoch, IsPrintedAsJson) {
  EXPECT_EQ(Run(/*json=*/true), 0);
  const nlohmann::json json = nlohmann::json::parse(out_.str());
  EXPECT_EQ(json["holds"], true);
  EXPECT_EQ(json["differences"].size(), 0u);
  EXPECT_EQ(json["devices"][4]["reasons"]["PROOF_INVALID"], 1);
  EXPECT_EQ(json["devices"][5]["score"], 55);
  EXPECT_EQ(json["devices"][5]["class"], "cpu");
  EXPECT_EQ(json["devices"][5]["down_bits_per_second"], 109'999'670);
  EXPECT_EQ(json["devices"][5]["up_bits_per_second"], 39'999'880);
  EXPECT_EQ(json["devices"][5]["claimed_up_bits_per_second"], 1'000'000'000);
  EXPECT_EQ(json["devices"][5]["bandwidth_ppm"], 399'998);
  EXPECT_EQ(json["devices"][6]["score"], nullptr);
}

TEST_F(HonestEpoch, DamagedLogIsADifferenceWithTheRecordWhereItBreaks) {
  std::string bytes = ReadBytes(log_);
  const std::string secret = epoch_.records.back().epoch_closed().secret();
  const std::size_t at = bytes.find(secret);
  ASSERT_NE(at, std::string::npos);
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  WriteBytes(log_, bytes);
  EXPECT_EQ(Run(), 1);
  EXPECT_THAT(out_.str(),
              HasSubstr(absl::StrCat("record ", epoch_.records.size() - 1, ": has leaf hash")));
  EXPECT_THAT(out_.str(), HasSubstr("does not hold: 1 difference;"));
}

TEST_F(HonestEpoch, CutLogIsRefused) {
  const std::string bytes = ReadBytes(log_);
  WriteBytes(log_, bytes.substr(0, bytes.size() - 4096));
  EXPECT_EQ(Run(), 1);
  EXPECT_THAT(out_.str(), HasSubstr("record "));
}

TEST_F(HonestEpoch, ReportAtOddsWithItselfIsADifference) {
  const std::string json = ReadBytes(report_);
  WriteBytes(report_, absl::StrReplaceAll(json, {{"\"score\": 55", "\"score\": 56"}}));
  EXPECT_EQ(Run(), 1);
  EXPECT_THAT(out_.str(), HasSubstr("report: scores: are 1=200"));
  EXPECT_THAT(out_.str(), HasSubstr("does not hold: 1 difference;"));
}

TEST_F(HonestEpoch, FilesThatCannotBeReadGiveExitStatus2) {
  const std::string good_report = std::exchange(report_, directory_.File("none"));
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(errors_.str(), HasSubstr("none"));
  WriteBytes(report_, "{}");
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(errors_.str(), HasSubstr("spec_version: is missing"));
  report_ = good_report;
  log_ = directory_.File("nothing");
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(errors_.str(), HasSubstr("nothing: No such file"));
  log_ = report_;
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(errors_.str(), HasSubstr("file is not a database"));
  EXPECT_EQ(out_.str(), "");
}

/// What a slot may change in its report after the epoch; it signs the changed one.
const Change kReports[] = {
    {"ScoreByteUp", "report: score of device 6 is 56, expected 55: reached 33.5 %",
     [](EpochFixture& e) { ++e.report.words[0][5 * 4 + 3]; }},
    {"DeviceLeftOut", "report: score of device 5 is not reported, expected 0",
     [](EpochFixture& e) {
       auto scores = *UnpackScores(e.report.words);
       std::vector<DeviceScore> kept;
       for (const ReportedScore& score : scores) {
         if (score.device == 5) continue;
         kept.emplace_back();
         kept.back().device = score.device;
         kept.back().score = score.score;
       }
       e.report.words = PackScores(kept);
     }},
    {"DeviceAdded", "report: score of device 7 is 100, expected not reported: left out",
     [](EpochFixture& e) {
       e.report.words[0][6 * 4 + 2] = 7, e.report.words[0][6 * 4 + 3] = 100,
                                 e.report.words[0][6 * 4] = e.report.words[0][6 * 4 + 1] = 0;
     }},
    {"StrangerAdded", "for device 9, which is not in the roster",
     [](EpochFixture& e) {
       e.report.words[0][6 * 4 + 2] = 9, e.report.words[0][6 * 4 + 3] = 100,
                                 e.report.words[0][6 * 4] = e.report.words[0][6 * 4 + 1] = 0;
     }},
    {"NoScores", "report: score of device 1 is not reported, expected 200",
     [](EpochFixture& e) { e.report.words.clear(); }},
    {"Epoch", "report: epoch is 8, expected 7", [](EpochFixture& e) { e.report.epoch = 8; }},
    {"Slot", "report: slot is 9, expected 3", [](EpochFixture& e) { e.report.slot = 9; }},
    {"SpecVersion", "report: spec version is 2, expected 1",
     [](EpochFixture& e) { e.report.spec_version = 2; }},
    {"ChainId", "report: chain id is 1, expected 31337",
     [](EpochFixture& e) { e.report.domain.chain_id = 1; }},
    {"Contract", "report: contract is", [](EpochFixture& e) { e.report.domain.contract[3] = 1; }},
    {"Root", "report: transcript root is",
     [](EpochFixture& e) { e.report.transcript_root[0] ^= 1; }},
    {"PolicyHash", "report: policy hash is", [](EpochFixture& e) { e.report.policy_hash[0] ^= 1; }},
    {"Secret", "is not the one of epoch 7", [](EpochFixture& e) { e.report.secret[0] ^= 1; }},
};

class ChangedReport : public ::testing::TestWithParam<Change> {};

TEST_P(ChangedReport, IsRefusedWithATellingDifference) {
  EpochFixture epoch;
  GetParam().change(epoch);
  ExpectDifference(VerifyEpoch(epoch), GetParam().telling);
}

INSTANTIATE_TEST_SUITE_P(Fields, ChangedReport, ::testing::ValuesIn(kReports), NameOfChange);

TEST(ChangedReport, SignedByAnotherSlotIsRefused) {
  const SigningKey other = EpochFixture::SlotKey(EpochFixture::kOtherSlot);
  const VerifyResult result = VerifyEpoch(EpochFixture(), &other);
  EXPECT_EQ(result.difference_count, 1u);
  ExpectDifference(result, "report: is signed by");
}

TEST(ChangedReport, MeasurementsChangedAfterTheReportAreRefused) {
  EpochFixture epoch;
  const std::vector<Digest> words = epoch.report.words;
  for (std::uint32_t q = 0; q < 6; ++q) {
    for (auto& echo : *epoch.Closed(2, v1::LATENCY, q).mutable_latency()->mutable_echoes()) {
      echo.set_rtt_us(56'000);
    }
  }
  epoch.ReportAsRecorded();
  epoch.report.words = words;
  ExpectDifference(VerifyEpoch(epoch), "report: score of device 2 is 200, expected 192");
}

}  // namespace
}  // namespace kaisar::audit
