#include "checker/monitor/metrics_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/uint256.h"
#include "checker/monitor/metric_table.h"
#include "tests/support/fake_clock.h"

namespace kaisar::checker {
namespace {

using reporter::Stage;
using ::testing::HasSubstr;
using ::testing::Not;

class ChainMetricsTest : public ::testing::Test {
 protected:
  void Stages(std::uint32_t epoch, std::initializer_list<Stage> stages) {
    for (const Stage stage : stages) metrics_.StageChanged({epoch, stage, "", {}, {}});
  }
  /// As of now: the text is made anew four times a second.
  std::string Text() {
    clock_.Advance(1000);
    return set_.Text();
  }

  testing::FakeClock clock_{0};
  monitor::MetricSet set_{MetricTable(), clock_};
  ChainMetrics metrics_{set_, {"https://rpc.example:8545/v3/apikey", "http://127.0.0.1:8545"}};
};

TEST_F(ChainMetricsTest, CountAReportAsAcceptedOnceTheChainHasIt) {
  Stages(5, {Stage::kWaiting, Stage::kCommitting, Stage::kCommitted, Stage::kRevealing});
  EXPECT_THAT(Text(), HasSubstr("reports_accepted_total 0\n"));
  EXPECT_THAT(Text(), HasSubstr("kaisar_checker_reports{stage=\"revealing\"} 1\n"));
  Stages(5, {Stage::kRevealed});
  EXPECT_THAT(Text(), HasSubstr("reports_accepted_total 1\n"));
  // A reorganisation takes it back and brings it again.
  Stages(5, {Stage::kRevealing, Stage::kRevealed, Stage::kSettling, Stage::kDone});
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("reports_accepted_total 1\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_checker_reports{stage=\"done\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_checker_reports{stage=\"revealing\"} 0\n"));
}

TEST_F(ChainMetricsTest, TellWhyAReportWasMissed) {
  Stages(2, {Stage::kWaiting, Stage::kCommitting, Stage::kMissed});
  Stages(3, {Stage::kWaiting, Stage::kCommitted, Stage::kRevealing, Stage::kMissed});
  Stages(4, {Stage::kWaiting, Stage::kHeld});
  const std::string text = Text();
  for (const char* cause : {"not_committed", "not_revealed", "key_used_elsewhere"}) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("missed_total{cause=\"", cause, "\"} 1\n")));
  }
}

TEST_F(ChainMetricsTest, DoNotCountAgainWhatWasSoWhenTheRunBegan) {
  Stages(1, {Stage::kMissed});
  Stages(2, {Stage::kHeld});
  Stages(3, {Stage::kSettling, Stage::kDone});
  const std::string text = Text();
  for (const char* cause : {"not_committed", "not_revealed", "key_used_elsewhere"}) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("missed_total{cause=\"", cause, "\"} 0\n")));
  }
  EXPECT_THAT(text, HasSubstr("reports_accepted_total 0\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_checker_reports{stage=\"held\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_checker_key_held 0\n"));
  metrics_.KeyHeld();
  EXPECT_THAT(Text(), HasSubstr("kaisar_checker_key_held 1\n"));
}

TEST_F(ChainMetricsTest, MeasureEndpointsWithoutTheirKeys) {
  metrics_.Requested("https://rpc.example:8545/v3/apikey", 30'000'000, absl::OkStatus());
  metrics_.Requested("https://rpc.example:8545/v3/apikey", 1,
                     absl::UnavailableError("connection refused"));
  const std::string text = Text();
  EXPECT_THAT(text,
              HasSubstr("rpc_request_seconds_count{endpoint=\"https://rpc.example:8545\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("rpc_errors_total{endpoint=\"https://rpc.example:8545\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("rpc_errors_total{endpoint=\"http://127.0.0.1:8545\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("apikey")));
}

TEST_F(ChainMetricsTest, ShowHowTheSlotStands) {
  SlotStatus status;
  status.schedule.genesis = 1000;
  status.schedule.epoch_seconds = 100;
  status.schedule.commit_seconds = 10;
  status.schedule.reveal_seconds = 20;
  status.now_s = 1115;
  status.wall_s = 1118;
  status.epoch = 1;
  status.opened = true;
  status.state.active_until = UINT32_MAX;
  status.state.stake = *ParseEther("1000.5");
  status.account.agreed = 30;
  status.account.disagreed = 10;
  status.account.owed = *ParseEther("12.25");
  status.balance = *ParseEther("0.5");
  status.cost_per_epoch = *ParseEther("0.01");
  status.last_report = LastReport{0, 10, 4};
  metrics_.Read(status, 1'118'000);
  std::string text = Text();
  EXPECT_THAT(text, HasSubstr("chain_up 1\n"));
  EXPECT_THAT(text, HasSubstr("chain_block_age_seconds 3\n"));
  EXPECT_THAT(text, HasSubstr("window{window=\"reveal\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("window{window=\"commit\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("window_left_seconds 15\n"));
  EXPECT_THAT(text, HasSubstr("on_duty 1\n"));
  EXPECT_THAT(text, HasSubstr("agreement_ratio 0.75\n"));
  EXPECT_THAT(text, HasSubstr("stake_kai 1000.5\n"));
  EXPECT_THAT(text, HasSubstr("owed_kai 12.25\n"));
  EXPECT_THAT(text, HasSubstr("hot_key_epochs_left 50\n"));
  EXPECT_THAT(text, HasSubstr("accepted_epoch -1\n"));
  EXPECT_THAT(text, HasSubstr("report_devices{scored=\"yes\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("report_devices{scored=\"no\"} 6\n"));
  metrics_.CannotRead();
  text = Text();
  EXPECT_THAT(text, HasSubstr("chain_up 0\n"));
  EXPECT_THAT(text, HasSubstr("stake_kai 1000.5\n"));
}

TEST_F(ChainMetricsTest, CountRefusedSignatures) {
  metrics_.SignatureRefused();
  EXPECT_THAT(Text(), HasSubstr("signature_refusals_total 1\n"));
}

}  // namespace
}  // namespace kaisar::checker
