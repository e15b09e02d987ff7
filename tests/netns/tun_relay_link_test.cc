// What a link of tun-relay does to packets, without a network and without a clock.
#include "tests/support/tun_relay_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace kaisar::testing {
namespace {

using ::testing::ElementsAre;

/// Everything that comes out until `until_ns`, in the order of coming.
std::vector<std::string> TakeAll(TunRelayLink& link, std::uint64_t until_ns) {
  std::vector<std::string> taken;
  while (const std::optional<std::string> packet = link.Take(until_ns)) taken.push_back(*packet);
  return taken;
}

TEST(TunRelayLink, HandsAPacketOnWhenItIsDueAndNotBefore) {
  TunRelayLink link({.delay_ns = 100}, 1);
  EXPECT_EQ(link.NextDueNs(), std::nullopt);
  link.Put(1'000, "a");
  EXPECT_EQ(link.NextDueNs(), 1'100);
  EXPECT_EQ(link.Take(1'099), std::nullopt);
  EXPECT_EQ(link.Take(1'100), "a");
  EXPECT_EQ(link.NextDueNs(), std::nullopt);
  EXPECT_EQ(link.counts().packets, 1);
}

TEST(TunRelayLink, KeepsTheOrderOfPacketsThatAreDueAtOnce) {
  TunRelayLink link({}, 1);
  for (const char* packet : {"a", "b", "c", "d"}) link.Put(5, packet);
  EXPECT_THAT(TakeAll(link, 5), ElementsAre("a", "b", "c", "d"));
}

TEST(TunRelayLink, JitterStaysInItsBoundsAndLetsPacketsOvertake) {
  TunRelayLink link({.delay_ns = 1'000, .jitter_ns = 500}, 7);
  for (int i = 0; i < 1'000; ++i) link.Put(0, std::to_string(i));
  EXPECT_GE(*link.NextDueNs(), 1'000);
  const std::vector<std::string> taken = TakeAll(link, 1'500);
  EXPECT_EQ(taken.size(), 1'000);
  EXPECT_EQ(std::set<std::string>(taken.begin(), taken.end()).size(), 1'000);
  EXPECT_NE(taken.front(), "0");
}

TEST(TunRelayLink, LosesTheShareThatIsAskedAndWithASeedTheSamePackets) {
  const auto survivors = [](std::uint64_t seed) {
    TunRelayLink link({.loss_ppm = 100'000}, seed);
    for (int i = 0; i < 10'000; ++i) link.Put(0, std::to_string(i));
    EXPECT_NEAR(static_cast<double>(link.counts().lost), 1'000, 150);  // five standard deviations
    return TakeAll(link, 0);
  };
  EXPECT_EQ(survivors(1), survivors(1));
  EXPECT_NE(survivors(1), survivors(2));
}

TEST(TunRelayLink, SendsNoFasterThanItsRate) {
  // 8,000 bit/s are a byte a millisecond.
  TunRelayLink link({.delay_ns = 7, .bits_per_second = 8'000, .queue_bytes = 100}, 1);
  link.Put(0, std::string(10, 'a'));
  link.Put(0, std::string(20, 'b'));
  EXPECT_EQ(link.NextDueNs(), 10'000'007);
  EXPECT_EQ(link.Take(10'000'007)->front(), 'a');
  EXPECT_EQ(link.NextDueNs(), 30'000'007);
  // Idle time is not saved up.
  EXPECT_EQ(link.Take(1'000'000'000)->front(), 'b');
  link.Put(1'000'000'000, std::string(10, 'c'));
  EXPECT_EQ(link.NextDueNs(), 1'010'000'007);
}

TEST(TunRelayLink, DropsWhatTheQueueOfItsRateHasNoRoomFor) {
  TunRelayLink link({.bits_per_second = 8'000, .queue_bytes = 25}, 1);
  for (int i = 0; i < 4; ++i) link.Put(0, std::string(10, 'a'));
  EXPECT_EQ(link.counts().dropped, 2);
  // After ten milliseconds one of the two has gone, and there is room for another.
  link.Put(10'000'000, std::string(10, 'b'));
  EXPECT_EQ(link.counts().dropped, 2);
  EXPECT_EQ(TakeAll(link, 1'000'000'000).size(), 3);
}

TEST(TunRelayLink, HoldsNoMoreThanItsMemory) {
  TunRelayLink link({.delay_ns = 1'000'000'000}, 1);
  const std::size_t packet_bytes = std::size_t{1} << 20;
  const std::size_t room = TunRelayLink::kMostHeldBytes / packet_bytes;
  for (std::size_t i = 0; i < room + 3; ++i) link.Put(0, std::string(packet_bytes, 'a'));
  EXPECT_EQ(link.counts().dropped, 3);
  EXPECT_EQ(TakeAll(link, 1'000'000'000).size(), room);
  EXPECT_EQ(link.counts().packets, room);
}

TEST(TunRelayLink, CountsWhatTheOtherSideDidNotTakeAsDropped) {
  TunRelayLink link({}, 1);
  link.Put(0, "abc");
  link.Drop(link.Take(0)->size());
  EXPECT_EQ(link.counts().packets, 0);
  EXPECT_EQ(link.counts().bytes, 0);
  EXPECT_EQ(link.counts().dropped, 1);
}

}  // namespace
}  // namespace kaisar::testing
