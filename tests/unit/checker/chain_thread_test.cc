// The thread that drives a submitter: what it hands over, when it is idle, how it ends.
#include "checker/chain_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <utility>
#include <vector>

namespace kaisar::checker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What a test sees of the submitter after the thread has taken it.
struct Seen {
  std::atomic<int> polls = 0;
  std::atomic<int> added = 0;
};

/// Refuses epoch 13; each other report is done after three polls.
class ScriptedSubmitter final : public reporter::Submitter {
 public:
  explicit ScriptedSubmitter(Seen& seen) : seen_(seen) {}

  absl::Status Add(const audit::SignedReport& report) override {
    if (report.report.epoch == 13) return absl::InvalidArgumentError("another chain's");
    ++seen_.added;
    polls_left_ = 3;
    return absl::OkStatus();
  }
  std::uint64_t Poll() override {
    ++seen_.polls;
    if (polls_left_ > 0) --polls_left_;
    return RealClock().WallMs();
  }
  std::vector<reporter::EpochStage> stages() const override { return {}; }
  bool idle() const override { return polls_left_ == 0; }

 private:
  Seen& seen_;
  int polls_left_ = 0;
};

audit::SignedReport ReportOf(std::uint32_t epoch) {
  audit::SignedReport report;
  report.report.epoch = epoch;
  return report;
}

TEST(ChainThread, IsIdleOnlyOnceWhatWasAddedIsDone) {
  Seen seen;
  ChainThread thread(std::make_unique<ScriptedSubmitter>(seen), RealClock(),
                     [](const std::string&) {});
  thread.WaitIdle();
  const int before = seen.polls;
  thread.Add(ReportOf(1));
  thread.WaitIdle();
  EXPECT_EQ(seen.added, 1);
  EXPECT_GE(seen.polls, before + 3);
}

TEST(ChainThread, TellsOfAReportThatTheSubmitterRefuses) {
  Seen seen;
  std::vector<std::string> notices;
  {
    ChainThread thread(std::make_unique<ScriptedSubmitter>(seen), RealClock(),
                       [&](const std::string& text) { notices.push_back(text); });
    thread.Add(ReportOf(13));
    thread.Add(ReportOf(14));
    thread.WaitIdle();
  }
  EXPECT_EQ(seen.added, 1);
  EXPECT_THAT(notices,
              ElementsAre(HasSubstr("epoch 13 does not go to the chain: another chain's")));
}

TEST(ChainThread, EndsTheWaitWhenItIsStopped) {
  Seen seen;
  ChainThread thread(std::make_unique<ScriptedSubmitter>(seen), RealClock(),
                     [](const std::string&) {});
  thread.Stop();
  thread.Add(ReportOf(1));
  thread.WaitIdle();
}

}  // namespace
}  // namespace kaisar::checker
