#include "audit/compare_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "audit/comparison_judgements.h"
#include "tests/support/epoch_fixture.h"
#include "tests/unit/audit/comparison_scene.h"
#include "tests/unit/audit/log_fixture.h"

namespace kaisar::audit {
namespace {

using kaisar::testing::EpochFixture;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint32_t kBand = 6;

/// Two logs of one epoch, by slots 3 and 9: what the one saw, the other says, too, but for what a
/// test changes.
class CompareTest : public ::testing::Test {
 protected:
  CompareTest() : directory_(TemporaryDirectory::Place::kMemory) {
    second_.opened().set_slot(EpochFixture::kOtherSlot);
  }

  int Run(CompareOptions options = {}) {
    out_.str("");
    errors_.str("");
    ++runs_;
    const auto file = [&](const std::string& name) {
      return directory_.File(name + std::to_string(runs_));
    };
    first_.WriteLog(file("first-"));
    second_.WriteLog(file("second-"));
    options.log_paths = {file("first-"), file("second-")};
    return RunCompare(options, out_, errors_);
  }

  void ExpectRefused(const std::string& what) {
    EXPECT_EQ(Run(), 2);
    EXPECT_EQ(out_.str(), "");
    EXPECT_THAT(errors_.str(), HasSubstr("kaisar-audit: " + what));
    EXPECT_THAT(errors_.str(), HasSubstr("second-"));
  }

  EpochFixture first_, second_;
  TemporaryDirectory directory_;
  std::ostringstream out_, errors_;
  int runs_ = 0;
};

TEST_F(CompareTest, FindsNothingWhereCheckersAgree) {
  EXPECT_EQ(Run(), 0) << out_.str() << errors_.str();
  EXPECT_THAT(out_.str(), HasSubstr("epoch 7 on chain 31337, contract 0x"));
  EXPECT_THAT(out_.str(),
              HasSubstr("They are believed here, not checked: run kaisar-audit verify"));
  EXPECT_THAT(out_.str(), HasSubstr("Distances: not checked"));
  EXPECT_THAT(out_.str(), HasSubstr("nothing found\n"));
}

TEST_F(CompareTest, NamesTheVerdictsThatDifferAndTheirRecords) {
  for (const std::uint32_t sequence : {0u, 1u, 2u}) {
    v1::ChallengeClosed& closed = second_.Closed(1, v1::MATMUL, sequence);  // 2 is the muster
    closed.set_verdict(v1::FAIL);
    closed.set_reason(v1::TIMED_OUT);
  }
  EXPECT_EQ(Run(), 3) << errors_.str();
  EXPECT_THAT(out_.str(),
              HasSubstr("1. Device 1 scores 200 by slot 3, 0 by slot 9, more than 6 from "
                        "the median 0; they differ most in compute: 100.0 %, 0.0 %."));
  EXPECT_THAT(out_.str(),
              HasSubstr("Device 1's matmul challenges mostly pass at one checker and mostly "
                        "fail at another (slot 3: 3 passed; slot 9: 3 failed (TIMED_OUT 3))"));
  const std::string record = std::to_string(second_.FindClosed(1, v1::MATMUL, 0));
  EXPECT_THAT(out_.str(), HasSubstr("; slot 9: "));
  EXPECT_THAT(out_.str(), HasSubstr(record));
  EXPECT_THAT(out_.str(), HasSubstr("2 findings\n"));
}

TEST_F(CompareTest, IsOneObjectForPrograms) {
  second_.Closed(1, v1::MATMUL, 0).set_verdict(v1::FAIL);
  second_.Closed(1, v1::MATMUL, 0).set_reason(v1::PROOF_INVALID);
  CompareOptions options;
  options.json = true;
  options.places = {"3=50.11,8.68", "9=40.71,-74.01"};
  EXPECT_EQ(Run(options), 3) << errors_.str();
  const nlohmann::json json = nlohmann::json::parse(out_.str());
  EXPECT_EQ(json["verified"], false);
  EXPECT_EQ(json["epoch"], 7);
  ASSERT_EQ(json["logs"].size(), 2u);
  EXPECT_EQ(json["logs"][0]["slot"], 3);
  EXPECT_EQ(json["logs"][0]["devices"][0]["smallest_rtt_us"], 1000);
  EXPECT_EQ(json["logs"][1]["devices"][0]["kinds"]["matmul"]["failed"]["PROOF_INVALID"], 1);
  EXPECT_EQ(json["findings"][0]["kind"], "judged_differently");
  EXPECT_THAT(json["findings"][0]["sentence"].get<std::string>(),
              HasSubstr("a wrong proof, which makes a score 0, was seen by slot 9 alone"));
  EXPECT_EQ(json["findings"][0]["records"][1]["records"][0], second_.FindClosed(1, v1::MATMUL, 0));
  EXPECT_EQ(json["findings"].back()["kind"], "impossible_distance");
  EXPECT_EQ(json["distances"]["pairs_checked"], 7);
}

TEST_F(CompareTest, RefusesAnotherEpoch) {
  second_.opened().set_epoch(8);
  ExpectRefused("epoch is 7 in ");
  EXPECT_THAT(errors_.str(), HasSubstr(", 8 in "));
}

TEST_F(CompareTest, RefusesAnotherDeployment) {
  second_.opened().mutable_roster()->set_chain_id(1);
  ExpectRefused("chain_id is 31337 in ");
  second_.opened().mutable_roster()->set_chain_id(31337);
  second_.opened().mutable_roster()->set_contract(std::string(20, '\7'));
  ExpectRefused("contract is 0x0000000000000000000000000000000000000000 in ");
}

TEST_F(CompareTest, RefusesAnotherBeaconOfOneChain) {
  for (EpochFixture* epoch : {&first_, &second_}) {
    epoch->opened().mutable_roster()->set_contract(std::string(20, '\7'));
  }
  second_.opened().set_beacon(std::string(32, '\1'));
  ExpectRefused("beacon is 0xbebe");
  EXPECT_THAT(errors_.str(), HasSubstr(", 0x0101"));
}

TEST_F(CompareTest, RefusesAnotherPolicy) {
  second_.opened().set_policy(EpochFixture::PolicyYaml() + "\n");
  ExpectRefused("SHA-256 of the policy is 0x");
}

TEST_F(CompareTest, RefusesAnotherRoster) {
  second_.opened().mutable_roster()->mutable_devices(2)->set_region("us");
  ExpectRefused("device 3: region is 'eu' in ");
  second_.opened().mutable_roster()->mutable_devices(2)->set_region("eu");
  second_.opened().mutable_roster()->mutable_slots(1)->set_anchor(std::string(32, '\1'));
  ExpectRefused("slot 9: anchor is 0x");
}

TEST_F(CompareTest, TakesRostersThatDifferInWhoIsWhose) {
  second_.opened().mutable_roster()->mutable_devices(2)->set_muster(true);
  EXPECT_EQ(Run(), 0) << errors_.str();
}

TEST_F(CompareTest, RefusesASlotTwice) {
  second_.opened().set_slot(EpochFixture::kSlot);
  ExpectRefused("slot 3 is there twice: ");
}

TEST_F(CompareTest, RefusesOneLogAlone) {
  CompareOptions options;
  options.log_paths = {"one"};
  EXPECT_EQ(RunCompare(options, out_, errors_), 2);
  EXPECT_EQ(errors_.str(), "kaisar-audit: logs given: 1, expected 2 to 64\n");
}

TEST_F(CompareTest, RefusesALogThatIsNotClosed) {
  second_.records.pop_back();
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(errors_.str(), HasSubstr(": the epoch is not closed"));
}

TEST_F(CompareTest, NamesPlacesAndRegionsThatMeanNothing) {
  const auto expect = [&](std::vector<std::string> places, std::vector<std::string> regions,
                          const std::string& message) {
    CompareOptions options;
    options.places = std::move(places);
    options.regions = std::move(regions);
    EXPECT_EQ(Run(options), 2);
    EXPECT_THAT(errors_.str(), HasSubstr(message));
  };
  expect({"4=0,0"}, {}, "--place: slot 4 has no log here; those have: 3, 9");
  expect({"x=0,0"}, {}, "--place: 'x=0,0' begins with 'x', expected a slot");
  expect({"0,0"}, {}, "--place: '0,0' has no '=' between what and where");
  expect({"3=0,0", "3=1,1"}, {}, "--place: slot 3 is there twice");
  expect({"3=95,0"}, {}, "--place: '95,0': latitude is '95', expected -90 to 90 degrees");
  expect({}, {"eu=0,0"}, "--region: 'eu=0,0' has no radius, expected NAME=LAT,LON,KM");
  expect({}, {"mars=0,0,1"}, "--region: no device is in 'mars'");
}

TEST(FindJudgedDifferently, LeavesWhatIsWithinTheBandAlone) {
  ComparisonScene scene(3);
  scene.AddDevice(1, "a");
  scene.logs[1].devices[1].score.score = 194;
  EXPECT_TRUE(FindJudgedDifferently(scene.logs, kBand).empty());
  scene.logs[2].devices[1].score.score = 180;
  const std::vector<Finding> found = FindJudgedDifferently(scene.logs, kBand);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].sentence,
              HasSubstr("200 by slot 0, 194 by slot 1, 180 by slot 2, more than 6 "
                        "from the median 194"));
}

TEST(FindJudgedDifferently, SaysForWantOfWhatACheckerGivesNoScore) {
  ComparisonScene scene(2);
  scene.AddDevice(1, "a");
  CheckerLog& lacking = scene.logs[1];
  lacking.epoch.opened.mutable_roster()->mutable_devices(0)->set_phase(v1::STANDBY);
  auto& policy = lacking.epoch.policy.phases[v1::STANDBY];
  policy[v1::MATMUL].least_evidence = 1;
  policy[v1::BANDWIDTH].least_evidence = 1;
  DeviceAccount& account = lacking.devices[1];
  account.score.score.reset();
  account.score.explanation = "left out: 0 conclusive bandwidth challenges of the 1 needed";
  // More of matmul were inconclusive, but enough of them count.
  account.kinds[v1::MATMUL].counted = {{1'000'000, 5}};
  account.kinds[v1::MATMUL].inconclusive_records = {6, 7};
  account.kinds[v1::BANDWIDTH].inconclusive_records = {11};
  const std::vector<Finding> found = FindJudgedDifferently(scene.logs, kBand);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].sentence,
            "Device 1 scores 200 by slot 0, none by slot 1; by slot 1 it is left out: 0 conclusive "
            "bandwidth challenges of the 1 needed.");
  EXPECT_EQ(found[0].records.at(1), std::vector<std::uint64_t>{11});
}

TEST(FindJudgedDifferently, SaysNothingOfADeviceThatOneCheckerHasAlone) {
  ComparisonScene scene(2);
  scene.AddDevice(1, "a");
  scene.logs[1].devices.clear();
  scene.logs[0].devices[1].score.score = 0;
  EXPECT_TRUE(FindJudgedDifferently(scene.logs, kBand).empty());
}

TEST(PrintComparison, ShowsTwentyFindingsOfAKindAndSaysSo) {
  ComparisonScene scene(2);
  for (std::uint32_t device = 1; device <= 25; ++device) {
    scene.AddDevice(device, "a");
    scene.logs[1].devices[device].score.score = 1;
  }
  std::ostringstream out;
  PrintComparison(CompareLogs(scene.logs, {}, kBand), out);
  EXPECT_THAT(out.str(), HasSubstr("\n20. Device 20 "));
  EXPECT_THAT(out.str(), Not(HasSubstr("\n21. ")));
  EXPECT_THAT(out.str(), HasSubstr("… and 5 more of verdicts; --json has them\n"));
  EXPECT_THAT(out.str(), HasSubstr("25 findings\n"));
}

}  // namespace
}  // namespace kaisar::audit
