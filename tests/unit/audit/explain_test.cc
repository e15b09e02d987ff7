#include "audit/explain_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "audit/device_explanation.h"
#include "tests/support/epoch_fixture.h"
#include "tests/unit/audit/epoch_facts_scene.h"
#include "tests/unit/audit/log_fixture.h"

namespace kaisar::audit {
namespace {

using kaisar::testing::EpochFixture;
using ::testing::HasSubstr;
using testing::HonestEpoch;

class ExplainTest : public ::testing::Test {
 protected:
  ExplainTest() : directory_(TemporaryDirectory::Place::kMemory) { Write(); }

  void Write() {
    std::filesystem::remove(directory_.File("log"));
    epoch_.WriteLog(directory_.File("log"));
    epoch_.WriteReport(directory_.File("report"));
  }

  int Run(std::uint32_t device) {
    out_.str("");
    return RunExplainDevice({directory_.File("log"), directory_.File("report"), device}, out_,
                            errors_);
  }

  EpochFixture epoch_;
  TemporaryDirectory directory_;
  std::ostringstream out_, errors_;
};

TEST_F(ExplainTest, FindsTheScoreThatTheReportHas) {
  for (std::uint32_t device = 1; device <= 7; ++device) {
    EXPECT_EQ(Run(device), 0) << out_.str() << errors_.str();
    EXPECT_THAT(out_.str(), HasSubstr("The report says the same."));
    EXPECT_THAT(out_.str(), HasSubstr("\navailability  10^6 · "));
    EXPECT_THAT(out_.str(), HasSubstr("\nscore         floor(200 · floor("));
  }
}

TEST_F(ExplainTest, SaysWhatWouldHaveToBeDifferentForMore) {
  EXPECT_EQ(Run(6), 0) << errors_.str();
  EXPECT_THAT(out_.str(), HasSubstr("Device 6 scored "));
  EXPECT_THAT(out_.str(), HasSubstr("if its median rate were the claimed 10.0 Mop/s instead of "));
}

TEST_F(ExplainTest, TellsAWrongProofAndWantOfEvidenceFromALowScore) {
  EXPECT_EQ(Run(5), 0);
  EXPECT_THAT(out_.str(), HasSubstr("; 0 for a wrong proof"));
  EXPECT_THAT(out_.str(), HasSubstr("Device 5 scored 0 of 200: a wrong proof makes the score 0"));
  EXPECT_EQ(Run(7), 0);
  EXPECT_THAT(out_.str(), HasSubstr("Device 7 has no score, which is not a score of 0"));
  EXPECT_THAT(out_.str(), HasSubstr("INCONCLUSIVE DEVICE_CHALLENGED"));
}

TEST_F(ExplainTest, NamesWhereTheReportIsNotTheLogs) {
  epoch_.report.words.at(0)[3] = 7;  // the first device's score
  Write();
  EXPECT_EQ(Run(1), 1);
  EXPECT_THAT(out_.str(), HasSubstr("The report does not hold: the report's score is "));
  epoch_.ReportAsRecorded();
  epoch_.report.transcript_root[0] ^= 1;
  Write();
  EXPECT_EQ(Run(1), 1);
  EXPECT_THAT(out_.str(), HasSubstr("the report's root is 0x"));
  epoch_.report.epoch = 8;
  Write();
  EXPECT_EQ(Run(1), 1);
  EXPECT_THAT(out_.str(), HasSubstr("the report is of slot 3 and epoch 8"));
}

TEST_F(ExplainTest, NamesADeviceThatIsNotThere) {
  EXPECT_EQ(Run(99), 2);
  EXPECT_THAT(errors_.str(), HasSubstr("device 99 is not among the 7 of the roster in "));
}

TEST_F(ExplainTest, IsOneObjectForPrograms) {
  ExplainDeviceOptions options{directory_.File("log"), directory_.File("report"), 6, true};
  EXPECT_EQ(RunExplainDevice(options, out_, errors_), 0) << errors_.str();
  const nlohmann::json json = nlohmann::json::parse(out_.str());
  EXPECT_EQ(json["device"], 6);
  EXPECT_EQ(json["report_agrees"], true);
  EXPECT_TRUE(json["report_difference"].is_null());
  EXPECT_EQ(json["shares"]["compute"]["claimed_ops_per_second"], 10'000'000);
  EXPECT_EQ(json["shares"]["availability"]["answered"], 5);
  EXPECT_EQ(json["kinds"]["latency"]["conclusive"], 6);
  EXPECT_EQ(json["challenges"].size(), 11u);  // 6 of latency, 3 of matmul, 2 of bandwidth
  EXPECT_EQ(json["challenges"][0]["device"], 6);
  epoch_.report.words.at(0)[3] = 7;
  Write();
  out_.str("");
  EXPECT_EQ(RunExplainDevice(options, out_, errors_), 0) << "device 1's score is not device 6's";
  options.device = 1;
  out_.str("");
  EXPECT_EQ(RunExplainDevice(options, out_, errors_), 1);
  EXPECT_EQ(nlohmann::json::parse(out_.str())["report_agrees"], false);
}

TEST(SlotPayToJson, HasWhatTheTableHas) {
  const HonestEpoch honest;
  const EpochSettlement epoch = SettleAgain(honest.facts);
  const nlohmann::json json =
      nlohmann::json::parse(SlotPayToJson(epoch, 0, honest.facts.deployment.band));
  EXPECT_EQ(json["slot"], 0);
  EXPECT_EQ(json["earned"], epoch.slots[0].earned.ToDecimal());
  EXPECT_EQ(json["chain_agrees"], true);
  ASSERT_FALSE(json["devices"].empty());
  EXPECT_EQ(json["devices"][0]["disagreed"], false);
  EXPECT_EQ(json["devices"][0]["score"], json["devices"][0]["median"]);
  EXPECT_THAT(json["sentence"].get<std::string>(), HasSubstr("Slot 0 earned "));
}

TEST(PrintSlotPay, SaysWhatTheSlotAnsweredAndEarned) {
  const HonestEpoch honest;
  const EpochSettlement epoch = SettleAgain(honest.facts);
  std::ostringstream out;
  PrintSlotPay(epoch, 0, honest.facts.deployment.band, out);
  EXPECT_THAT(out.str(), HasSubstr("slot 0, epoch "));
  EXPECT_THAT(out.str(), HasSubstr("agrees, "));
  EXPECT_THAT(out.str(), HasSubstr("Slot 0 earned " + FormatEther(epoch.slots[0].earned) + " of "));
  EXPECT_THAT(out.str(), HasSubstr("it answered for all of its devices, and was within "));
}

TEST(PrintSlotPay, NamesWhereTheSlotDisagreed) {
  const HonestEpoch honest;
  EpochSettlement epoch = SettleAgain(honest.facts);
  DeviceSettlement& device = epoch.devices[0];
  for (std::size_t i = 0; i < device.members.size(); ++i) {
    if (device.members[i].slot != 0) continue;
    device.members[i].score = 0;
    device.result.agreed_mask &= static_cast<std::uint8_t>(~(1u << i));
  }
  std::ostringstream out;
  PrintSlotPay(epoch, 0, honest.facts.deployment.band, out);
  EXPECT_THAT(out.str(), HasSubstr("disagrees, -"));
  EXPECT_THAT(out.str(), HasSubstr("its score was more than "));
  EXPECT_THAT(out.str(), HasSubstr("device 10 (0 against "));
}

}  // namespace
}  // namespace kaisar::audit
