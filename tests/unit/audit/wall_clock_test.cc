#include "audit/wall_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace kaisar::audit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kBeaconMs = 1'000'000;
constexpr std::uint64_t kSlackMs = 1000;

class WallClockTest : public ::testing::Test {
 protected:
  static v1::EpochOpened Opened() {
    v1::EpochOpened opened;
    opened.set_beacon_ms(kBeaconMs);
    opened.set_epoch_end_ms(kBeaconMs + 60'000);
    return opened;
  }
  std::vector<std::string> Issue(std::uint64_t at_ms) {
    v1::Record record;
    record.mutable_issued()->set_issued_ms(kBeaconMs + at_ms);
    return clock_.Add(++index_, record);
  }
  std::vector<std::string> Close(std::uint64_t sent_ms, std::uint64_t elapsed_ms,
                                 std::int64_t step_ms, v1::Reason reason) {
    v1::Record record;
    record.mutable_closed()->set_device(5);
    record.mutable_closed()->set_kind(v1::LATENCY);
    record.mutable_closed()->set_sent_ms(sent_ms);
    record.mutable_closed()->set_elapsed_ms(elapsed_ms);
    record.mutable_closed()->set_clock_step_ms(step_ms);
    record.mutable_closed()->set_reason(reason);
    return clock_.Add(++index_, record);
  }

  WallClock clock_{Opened(), kSlackMs};
  std::uint64_t index_ = 0;
};

TEST_F(WallClockTest, NoRecordIsWrittenBeforeWhatAnEarlierOneTellsOf) {
  EXPECT_THAT(Close(10'000, 500, 0, v1::NONE), IsEmpty());
  EXPECT_THAT(Issue(9500), IsEmpty());
  EXPECT_THAT(Issue(9499), ElementsAre("time runs backwards: issued_ms is 1009499 ms, but record 1 "
                                       "(device 5, latency challenge 0) tells of 1010500 ms by its "
                                       "sent_ms, elapsed_ms and clock_step_ms"));
}

TEST_F(WallClockTest, TimeAheadOfAllOthersIsToldOfOnce) {
  Close(std::numeric_limits<std::uint64_t>::max(), 500, 0, v1::NONE);
  EXPECT_EQ(Issue(9500).size(), 1u);
  EXPECT_THAT(Issue(9600), IsEmpty());
}

TEST_F(WallClockTest, ClockThatIsSetBackDuringACallGoesOnFromItsEnd) {
  Issue(20'000);
  EXPECT_THAT(Close(20'000, 500, -15'000, v1::CLOCK_STEPPED), IsEmpty());
  EXPECT_THAT(Issue(5000), IsEmpty());
  EXPECT_EQ(Issue(3999).size(), 1u);
}

TEST_F(WallClockTest, ClockThatIsSaidToBeSetBackAtNoPriceDoesNot) {
  Issue(20'000);
  EXPECT_THAT(Close(20'000, 500, -15'000, v1::NONE), IsEmpty());
  EXPECT_EQ(Issue(5000).size(), 1u);
}

TEST_F(WallClockTest, EpochIsNotClosedBeforeItsEnd) {
  v1::Record record;
  record.mutable_epoch_closed()->set_closed_ms(kBeaconMs + 58'999);
  EXPECT_THAT(clock_.Add(1, record),
              ElementsAre("closed_ms is 1058999 ms, before the epoch's end at 1060000 ms"));
  record.mutable_epoch_closed()->set_closed_ms(kBeaconMs + 59'000);
  EXPECT_THAT(clock_.Add(2, record), IsEmpty());
}

}  // namespace
}  // namespace kaisar::audit
