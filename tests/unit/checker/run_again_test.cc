#include "checker/run_again.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace kaisar::checker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t kDayMs = 86'400'000;

class RunAgainTest : public ::testing::Test {
 protected:
  /// Epochs that end so often with an error, and then well.
  absl::Status Run(int errors, std::uint64_t pause_ms) {
    return RunAgain(
        [this, errors] {
          return ++runs_ <= errors ? absl::ResourceExhaustedError("the disk is full")
                                   : absl::OkStatus();
        },
        pause_ms, stop_,
        [this](const absl::Status& status) {
          told_.emplace_back(status.message());
          if (on_failed_) on_failed_();
        });
  }

  StopRequest stop_;
  int runs_ = 0;
  std::vector<std::string> told_;
  std::function<void()> on_failed_;
};

TEST_F(RunAgainTest, EndsWhenTheEpochsAreDone) {
  EXPECT_EQ(Run(0, kDayMs), absl::OkStatus());
  EXPECT_EQ(runs_, 1);
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(RunAgainTest, RunsOnAfterEachErrorAndTellsOfIt) {
  EXPECT_EQ(Run(2, 0), absl::OkStatus());
  EXPECT_EQ(runs_, 3);
  EXPECT_THAT(told_, ElementsAre("the disk is full", "the disk is full"));
}

TEST_F(RunAgainTest, DoesNotWaitWhenAStopWasRequested) {
  on_failed_ = [this] { stop_.Make(); };
  EXPECT_EQ(Run(2, kDayMs).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(runs_, 1);
}

TEST_F(RunAgainTest, StopsWhileItWaits) {
  std::thread stopper;
  on_failed_ = [&] { stopper = std::thread([this] { stop_.Make(); }); };
  EXPECT_EQ(Run(2, kDayMs).code(), absl::StatusCode::kResourceExhausted);
  stopper.join();
  EXPECT_THAT(told_, SizeIs(1));
}

}  // namespace
}  // namespace kaisar::checker
