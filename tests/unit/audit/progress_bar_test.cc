#include "audit/progress_bar.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/fake_clock.h"

namespace kaisar::audit {
namespace {

TEST(ProgressLine, HasShareRateAndTheTimeThatIsLeft) {
  EXPECT_EQ(ProgressLine(12'345, 30'000, 1500),
            "[########------------]  41 %  12345 of 30000 records  8230 records/s  2 s left");
  EXPECT_EQ(ProgressLine(100, 1'000'000, 1000),
            "[--------------------]   0 %  100 of 1000000 records  100 records/s  2:46:39 left");
  EXPECT_EQ(ProgressLine(30'000, 30'000, 3000),
            "[####################] 100 %  30000 of 30000 records  10000 records/s  0 s left");
}

TEST(ProgressLine, SaysNothingOfWhatIsLeftAtTheBegin) {
  EXPECT_EQ(ProgressLine(0, 30'000, 9000), "[--------------------]   0 %  0 of 30000 records");
  EXPECT_EQ(ProgressLine(300, 30'000, 499), "[--------------------]   1 %  300 of 30000 records");
}

TEST(ProgressLine, LivesWithATotalThatIsNotTrue) {
  EXPECT_EQ(ProgressLine(7, 0, 0), "[####################] 100 %  7 of 7 records");
  EXPECT_EQ(ProgressLine(0, 0, 0), "[--------------------]   0 %  0 of 1 records");
}

TEST(ProgressBar, IsDrawnTenTimesASecondAtMostAndWipedInTheEnd) {
  testing::FakeClock clock(0);
  std::ostringstream out;
  {
    ProgressBar bar(clock, out);
    bar.Show(1, 10);
    bar.Show(2, 10);
    clock.Advance(99);
    bar.Show(3, 10);
    clock.Advance(1);
    bar.Show(4, 10);
  }
  EXPECT_EQ(out.str(),
            "\r\033[K[##------------------]  10 %  1 of 10 records"
            "\r\033[K[########------------]  40 %  4 of 10 records\r\033[K");
}

TEST(ProgressBar, LeavesNothingWhenItWasNeverDrawn) {
  testing::FakeClock clock(0);
  std::ostringstream out;
  ProgressBar(clock, out);
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace kaisar::audit
