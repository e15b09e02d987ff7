#include "provider/served_epochs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "chain/committee.h"
#include "tests/support/sample_provider.h"

namespace kaisar::provider {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint32_t kNoEnd = 0xffff'ffff;

chain::SlotState StateOf(std::uint8_t slot) {
  chain::SlotState state;
  state.hot_key.fill(slot);
  state.tls_pin = Filled(slot);
  state.active_until = kNoEnd;
  return state;
}

std::map<std::uint32_t, chain::SlotState> States(std::uint8_t count) {
  std::map<std::uint32_t, chain::SlotState> states;
  for (std::uint8_t slot = 0; slot < count; ++slot) states.emplace(slot, StateOf(slot));
  return states;
}

TEST(ServedIn, AreTheMembersOfEachDevicesCommitteeAndNoOthers) {
  const EpochView view{7, Filled(0xbe), 100, {17, 3}};
  const auto states = States(100);
  const std::vector<ServedSlot> served = ServedIn(view, states);
  for (std::uint32_t slot = 0; slot < 100; ++slot) {
    std::set<std::uint32_t> devices;
    for (const std::uint32_t device : view.devices) {
      const auto committee = chain::Committee(view.beacon, device, view.slots);
      if (std::count(committee.begin(), committee.end(), slot) != 0) devices.insert(device);
    }
    const auto entry = std::find_if(served.begin(), served.end(),
                                    [slot](const ServedSlot& s) { return s.slot.id == slot; });
    ASSERT_EQ(entry == served.end(), devices.empty()) << slot;
    if (entry == served.end()) continue;
    EXPECT_EQ(entry->devices, devices);
    EXPECT_EQ(entry->epoch, 7u);
    EXPECT_EQ(entry->slot.address, states.at(slot).hot_key);
    EXPECT_EQ(entry->slot.tls_pin, states.at(slot).tls_pin);
  }
  EXPECT_GE(served.size(), 7u);
  EXPECT_LE(served.size(), 14u);
}

TEST(ServedIn, IsNobodyWithoutSlotsOrWithoutADeviceThatHasWeight) {
  EXPECT_THAT(ServedIn({7, Filled(1), 0, {17}}, {}), IsEmpty());
  EXPECT_THAT(ServedIn({7, Filled(1), 3, {}}, States(3)), IsEmpty());
}

TEST(ServedIn, LeavesOutMembersThatAreNotActive) {
  auto states = States(5);
  states.at(0).active_from = 8;
  states.at(1).active_until = 7;
  states.at(2).ejected = true;
  states.erase(3);
  const std::vector<ServedSlot> served = ServedIn({7, Filled(1), 5, {17}}, states);
  ASSERT_EQ(served.size(), 1u);
  EXPECT_EQ(served[0].slot.id, 4u);
}

/// Epoch e is [1000 + 400 e, 1400 + 400 e); the allowance is a minute.
class ServedAtTest : public ::testing::Test {
 protected:
  ServedAtTest() {
    schedule_.genesis = 1000;
    schedule_.epoch_seconds = 400;
  }
  static ServedSlot Entry(std::uint8_t slot, std::uint32_t epoch) {
    return {SampleSlot(slot), epoch, std::set<std::uint32_t>{kDevice}};
  }
  std::vector<ServedSlot> At(std::uint64_t chain_s, std::uint64_t wall_s) const {
    return ServedAt({{0, {Entry(1, 0)}}, {1, {Entry(2, 1)}}}, schedule_, chain_s, wall_s);
  }
  chain::Schedule schedule_;
};

TEST_F(ServedAtTest, IsTheEpochOfTheNewestBlock) {
  EXPECT_THAT(At(1500, 1502), ElementsAre(Entry(2, 1)));
  EXPECT_THAT(At(1799, 1801), ElementsAre(Entry(2, 1)));
}

TEST_F(ServedAtTest, IsTheEpochBeforeAsWellForAMinute) {
  EXPECT_THAT(At(1400, 1401), ElementsAre(Entry(1, 0), Entry(2, 1)));
  EXPECT_THAT(At(1459, 1459), ElementsAre(Entry(1, 0), Entry(2, 1)));
  EXPECT_THAT(At(1460, 1460), ElementsAre(Entry(2, 1)));
}

TEST_F(ServedAtTest, IsNobodyNewBeforeTheNextEpochIsOpened) {
  EXPECT_THAT(At(1800, 1801), ElementsAre(Entry(2, 1)));
  EXPECT_THAT(At(1860, 1861), IsEmpty());
}

TEST_F(ServedAtTest, KeepsTheLastSlotsForOneMoreEpochWhileTheChainIsOutOfSight) {
  EXPECT_THAT(At(1700, 1799), ElementsAre(Entry(2, 1)));
  EXPECT_THAT(At(1700, 1800), ElementsAre(Entry(2, 1), Entry(2, 2)));
  EXPECT_THAT(At(1700, 2199), ElementsAre(Entry(2, 1), Entry(2, 2)));
  EXPECT_THAT(At(1700, 2200), IsEmpty());
}

TEST_F(ServedAtTest, DoesNotTakeTheUsualLagOfBlocksForAnOutage) {
  EXPECT_THAT(At(1790, 1805), ElementsAre(Entry(2, 1)));
  EXPECT_THAT(At(1790, 1851), ElementsAre(Entry(2, 1), Entry(2, 2)));
}

TEST_F(ServedAtTest, IsNobodyBeforeGenesisAndTheEarlierEpochAfterAReorganization) {
  EXPECT_THAT(At(999, 999), IsEmpty());
  EXPECT_THAT(At(1399, 1401), ElementsAre(Entry(1, 0)));
}

TEST(AllowanceSeconds, IsAQuarterOfAShortEpoch) {
  chain::Schedule schedule;
  schedule.epoch_seconds = 60;
  EXPECT_EQ(AllowanceSeconds(schedule), 15u);
  schedule.epoch_seconds = 21600;
  EXPECT_EQ(AllowanceSeconds(schedule), 60u);
}

}  // namespace
}  // namespace kaisar::provider
