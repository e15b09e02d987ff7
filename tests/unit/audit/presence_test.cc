#include "audit/presence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <vector>

namespace kaisar::audit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Presence, OfflineIsContradictedByAnAnswerOfAnotherDeviceWithinThatTime) {
  Presence presence;
  presence.AddCall(2, 12'000, 500, true);
  presence.ClaimOffline("record 9", 1, 10'000, 5000);
  EXPECT_THAT(
      presence.Contradictions(),
      ElementsAre(HasSubstr("record 9: is CHECKER_OFFLINE from 10000 to 15000 ms, but another "
                            "device's challenge was sent and answered in that time, by "
                            "12500 ms")));
}

TEST(Presence, OfflineIsNotContradictedByTheSameDeviceOrByWhatWasNotAnswered) {
  Presence presence;
  presence.AddCall(1, 12'000, 500, true);
  presence.AddCall(2, 12'000, 500, false);
  presence.ClaimOffline("record 9", 1, 10'000, 5000);
  EXPECT_THAT(presence.Contradictions(), IsEmpty());
}

TEST(Presence, OfflineIsNotContradictedByWhatLiesAtItsEdges) {
  Presence presence;
  presence.AddCall(2, 10'999, 500, true);   // sent within a second of its beginning
  presence.AddCall(3, 13'000, 1001, true);  // answered within a second of its end
  presence.AddCall(4, 20'000, 1, true);
  presence.ClaimOffline("record 9", 1, 10'000, 5000);
  EXPECT_THAT(presence.Contradictions(), IsEmpty());
}

TEST(Presence, OfflineIsContradictedByAnotherDeviceEvenIfItsOwnAnsweredFirst) {
  Presence presence;
  presence.AddCall(1, 11'100, 10, true);
  presence.AddCall(1, 11'200, 10, true);
  presence.AddCall(2, 12'000, 900, true);
  presence.ClaimOffline("record 9", 1, 10'000, 5000);
  EXPECT_THAT(presence.Contradictions(), ElementsAre(HasSubstr("by 12900 ms")));
}

TEST(Presence, OfflineIsContradictedByTheEarliestAnswerWhateverTheOrder) {
  struct Call {
    std::uint32_t device;
    std::uint64_t sent_ms, elapsed_ms;
  };
  std::vector<Call> calls = {
      {1, 11'000, 10}, {3, 12'000, 900}, {2, 13'500, 300}, {1, 12'100, 9}, {2, 11'400, 8000}};
  const auto before = [](const Call& a, const Call& b) { return a.sent_ms < b.sent_ms; };
  std::sort(calls.begin(), calls.end(), before);
  do {
    Presence presence;
    presence.ClaimOffline("record 9", 1, 10'000, 5000);
    for (const Call& call : calls) {
      presence.AddCall(call.device, call.sent_ms, call.elapsed_ms, true);
    }
    EXPECT_THAT(presence.Contradictions(), ElementsAre(HasSubstr("by 12900 ms")));
  } while (std::next_permutation(calls.begin(), calls.end(), before));
}

TEST(Presence, OfflineBeginsToTheMillisecond) {
  Presence presence;
  presence.ClaimOffline("record 9", 1, 10'500, 9000);
  presence.AddCall(2, 11'499, 10, true);
  EXPECT_THAT(presence.Contradictions(), IsEmpty());
  presence.AddCall(2, 11'500, 30, true);
  EXPECT_THAT(presence.Contradictions(), ElementsAre(HasSubstr("by 11530 ms")));
}

TEST(Presence, SaysWhichSecondsItMustKeepToTellAll) {
  const auto add = [](Presence& presence) {
    presence.ClaimOffline("record 9", 1, 10'500, 9000);
    presence.ClaimOffline("record 8", 2, 20'500, 900);  // no answer can be inside
    presence.AddCall(2, 11'400, 10, true);
    presence.AddCall(2, 11'600, 30, true);
    presence.AddCall(1, 21'600, 30, true);
    presence.AddCall(2, 12'000, 90, true);
  };
  Presence none(Presence::Seconds{});
  add(none);
  EXPECT_THAT(none.Contradictions(), ElementsAre(HasSubstr("by 12090 ms")));  // not the earliest
  EXPECT_THAT(none.Unsettled(), ElementsAre(11));
  Presence kept(none.Unsettled());
  add(kept);
  EXPECT_THAT(kept.Contradictions(), ElementsAre(HasSubstr("by 11630 ms")));
  EXPECT_THAT(kept.Unsettled(), IsEmpty());
  Presence all;
  add(all);
  EXPECT_EQ(all.Contradictions(), kept.Contradictions());
}

TEST(Presence, StoppedIsContradictedByCallsThatAreFilledInLater) {
  Presence presence;
  presence.ClaimStopped("record 9", 5000, 9000);
  presence.AddCall(2, 1000, 3000, false);
  presence.AddCall(2, 6000, 3000, false);
  presence.AddCall(2, 9500, 9500, false);
  presence.AddCall(2, 8000, 1500, false);  // inside and touching
  EXPECT_THAT(presence.Contradictions(), IsEmpty());
  presence.AddCall(2, 4000, 2000, false);
  EXPECT_THAT(presence.Contradictions(), ElementsAre(HasSubstr("from 1000 to 19000 ms")));
}

TEST(Presence, StoppedIsContradictedByCallsThatOverlapTheWholeTime) {
  Presence presence;
  presence.AddCall(2, 1000, 9000, false);
  presence.AddCall(3, 10'000, 9000, true);
  presence.ClaimStopped("record 9", 5000, 9000);
  EXPECT_THAT(
      presence.Contradictions(),
      ElementsAre(HasSubstr("record 9: is STOPPED, but other challenges show that the checker "
                            "was running from 1000 to 19000 ms")));
}

TEST(Presence, StoppedIsNotContradictedWhenThereIsAGapOrTooLittle) {
  Presence gap;
  gap.AddCall(2, 1000, 8999, false);
  gap.AddCall(3, 10'000, 9000, true);
  gap.ClaimStopped("record 9", 5000, 9000);
  EXPECT_THAT(gap.Contradictions(), IsEmpty());
  Presence early;
  early.AddCall(2, 1000, 17'999, false);  // ends less than ten seconds later: an orderly stop
  early.ClaimStopped("record 9", 5000, 9000);
  EXPECT_THAT(early.Contradictions(), IsEmpty());
  Presence before;
  before.AddCall(2, 5001, 90'000, false);  // began after the challenge was due
  before.ClaimStopped("record 9", 5000, 9000);
  EXPECT_THAT(before.Contradictions(), IsEmpty());
}

TEST(Presence, StepOfTheClockIsSeenByACallThatSpansIt) {
  for (const auto& [from_ms, until_ms, found] :
       {std::tuple(3999u, 7000u, 1u), std::tuple(4000u, 7000u, 0u), std::tuple(3999u, 6999u, 0u)}) {
    Presence presence;
    presence.AddSteady(from_ms, until_ms - from_ms);
    presence.AddSteady(4500, 100'000);
    presence.ClaimStepped("record 9", 5000, 1000);
    EXPECT_EQ(presence.Contradictions().size(), found) << from_ms << " " << until_ms;
  }
  Presence later;
  later.AddSteady(1000, 6000);
  later.AddSteady(2000, 100);
  later.ClaimStepped("record 9", 5999, 1);
  EXPECT_THAT(
      later.Contradictions(),
      ElementsAre("record 9: clock_step_ms claims a step of the clock between 5999 and 6000 "
                  "ms, but a call that was open from before until 7000 ms saw none"));
}

TEST(Presence, HostileTimesDoNotWrap) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  Presence presence;
  presence.AddCall(2, most, most, true);
  presence.AddSteady(most, most);
  presence.ClaimStepped("record 6", most, most);
  presence.ClaimOffline("record 9", 1, most, most);
  presence.ClaimStopped("record 8", most, most);
  presence.ClaimOffline("record 7", 1, 0, 5);
  EXPECT_LE(presence.Contradictions().size(), 2u);
}

}  // namespace
}  // namespace kaisar::audit
