// Days on which the chain is out of sight.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "checker/monitor/metric_table.h"
#include "checker/monitor/metrics_chain.h"
#include "checker/monitor/readiness.h"
#include "checker/monitor/run_watch.h"
#include "tests/unit/reporter/submitter_scene.h"

namespace kaisar::checker {
namespace {

using reporter::Stage;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint32_t kEpochS = 12 * 3600;  // windows of an hour
constexpr std::uint64_t kBlockS = 12;
constexpr std::uint64_t kHourS = 3600;

/// A checker's end of an epoch whose endpoint is down for a while: what it reports, counts and
/// tells. The chain is read every minute.
class RpcDown : public ::testing::Test {
 protected:
  RpcDown() {
    scene_.chain().before = [this](absl::string_view) {
      const absl::Status status =
          Down() ? absl::UnavailableError("http://a: connection refused") : absl::OkStatus();
      metrics_.Requested("http://a", 1'000'000, status);
      return status;
    };
    scene_.stage_changed = [this](const reporter::EpochStage& stage) {
      metrics_.StageChanged(stage);
    };
    scene_.clock().Advance((scene_.schedule().end(0) - 2 * kHourS) * 1000 -
                           scene_.clock().WallMs());
    scene_.Start();
    scene_.Add(scene_.MakeReport(0));
    metrics_.Reported(0);
  }

  bool Down() { return Now() >= down_from_ && Now() < down_until_; }
  std::uint64_t Now() { return scene_.clock().WallMs() / 1000; }

  void RunUntil(std::uint64_t time_s) {
    while (Now() < time_s) {
      scene_.RunUntil(std::min(time_s, Now() + 60));
      if (Down()) {
        watch_.ChainRead(absl::UnavailableError("http://a: connection refused"), 60'000);
        metrics_.CannotRead();
      } else {
        watch_.ChainRead(SlotStatus(), 60'000);
        metrics_.Read(SlotStatus(), scene_.clock().WallMs());
      }
    }
  }
  std::vector<std::string> Codes() {
    std::vector<std::string> codes;
    for (const auto& problem : CheckReadiness(watch_.Facts()).problems) {
      codes.push_back(problem.code);
    }
    return codes;
  }
  double ErrorsCounted() {
    const std::string text = set_.Text();
    const std::string name = "\nkaisar_checker_rpc_errors_total{endpoint=\"http://a\"} ";
    return std::stod(text.substr(text.find(name) + name.size()));
  }

  reporter::SubmitterScene scene_{kEpochS, kBlockS};
  monitor::MetricSet set_{MetricTable(), scene_.clock()};
  ChainMetrics metrics_{set_, {"http://a"}};
  RunWatch watch_{::testing::TempDir(), /*on_chain=*/true, scene_.clock()};
  std::uint64_t down_from_ = 0;
  std::uint64_t down_until_ = 0;
};

TEST_F(RpcDown, BadDayForAnHourLosesNoReportWhoseWindowIsOpenAfterwards) {
  down_from_ = scene_.schedule().end(0) - kHourS / 2;
  down_until_ = down_from_ + kHourS;
  RunUntil(down_from_);
  EXPECT_THAT(Codes(), Not(Contains("chain_unread")));
  const double before = ErrorsCounted();
  RunUntil(down_until_ - 60);
  EXPECT_THAT(Codes(), Contains("chain_unread"));
  EXPECT_FALSE(CheckReadiness(watch_.Facts()).ready);
  EXPECT_GE(ErrorsCounted(), before + 10) << "it is asked again and again …";
  EXPECT_LE(ErrorsCounted(), before + 7200) << "… and not without rest";
  EXPECT_THAT(set_.Text(), HasSubstr("kaisar_checker_chain_up 0\n"));
  EXPECT_EQ(scene_.HandedIn(reporter::kCommit), 0);

  RunUntil(down_until_ + 120);
  EXPECT_EQ(scene_.Included(reporter::kCommit), 1) << "within two minutes of its return";
  EXPECT_THAT(Codes(), Not(Contains("chain_unread")));
  RunUntil(scene_.schedule().settle_begin(0) + 600);
  EXPECT_EQ(scene_.Included(reporter::kReveal), 1) << scene_.AllNotices();
  EXPECT_THAT(set_.Text(), HasSubstr("reports_accepted_total 1\n"));
  EXPECT_TRUE(scene_.Noticed("connection refused"));
}

TEST_F(RpcDown, BadDayForAWholeWindowMissesTheReportAndSaysWhy) {
  down_from_ = scene_.schedule().end(0) - 60;
  down_until_ = scene_.schedule().reveal_begin(0) + 60;
  RunUntil(scene_.schedule().settle_begin(0) + 600);
  EXPECT_EQ(scene_.StageOf(0).stage, Stage::kMissed);
  EXPECT_THAT(scene_.StageOf(0).why, HasSubstr("last trouble: http://a: connection refused"));
  EXPECT_THAT(set_.Text(), HasSubstr("reports_missed_total{cause=\"not_committed\"} 1\n"));
  EXPECT_THAT(set_.Text(), HasSubstr("kaisar_checker_chain_up 1\n"));
}

}  // namespace
}  // namespace kaisar::checker
