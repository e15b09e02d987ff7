// What is asked of a chain to compare a log with, where the chain is simulated.
#include "audit/slot_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "audit/verify_command.h"
#include "chain/committee.h"
#include "tests/support/fake_chain.h"
#include "tests/unit/audit/changed_epoch.h"

namespace kaisar::audit {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::uint64_t kGenesisS = 1'800'000'000;
constexpr std::uint32_t kEpochS = 600;
constexpr std::uint32_t kSlots = 3;
constexpr std::uint32_t kSlot = 1;

template <typename Array>
Array Filled(std::uint8_t byte) {
  Array filled;
  filled.fill(byte);
  return filled;
}

class SlotFactsTest : public ::testing::Test {
 protected:
  SlotFactsTest() {
    policy_.classes["cpu"] = {};
    policy_.phases[v1::STANDBY] = {};
    for (std::uint8_t id = 0; id < kSlots; ++id) {
      chain::SlotState slot;
      slot.hot_key = Filled<Address>(static_cast<std::uint8_t>(0x90 + id));
      slot.anchor = Filled<Digest>(0xcc);
      slot.active_until = UINT32_MAX;
      chain_.contracts().slots.push_back(slot);
      chain::DeviceState device;
      device.id = id;
      device.endpoint = "192.0.2.1:7000";
      device.device_class = "cpu";
      device.weight = 5;
      device.phase = chain::Phase::kStandby;
      device.down_bits_per_second = device.up_bits_per_second = 1000;
      chain_.contracts().devices.push_back(device);
    }
  }

  /// As if somebody had opened epoch 0 with the block that is the newest one now.
  void Open() {
    clock_.Advance(5000);
    const chain::Block latest = *chain_.Latest();
    chain_.contracts().openings[0] = {latest.hash, latest.number, latest.timestamp_s};
    clock_.Advance(5000);
  }
  absl::StatusOr<SlotFacts> Read(std::uint32_t slot = kSlot) {
    return ReadSlotFacts(contracts_, 0, slot, policy_);
  }

  testing::FakeClock clock_{kGenesisS * 1000};
  testing::FakeChain chain_{clock_, testing::FakeDeployment(kGenesisS, kEpochS)};
  chain::Contracts contracts_{chain_, chain_.deployment()};
  challenges::Policy policy_;
};

TEST_F(SlotFactsTest, SayWhenTheEpochIsNotOpened) {
  const auto facts = Read();
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_FALSE(facts->opening.has_value());
}

TEST_F(SlotFactsTest, HaveTheRosterOfTheSlotsCommittees) {
  chain_.contracts().devices[2].device_class = "unknown";
  Open();
  const auto facts = Read();
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_TRUE(facts->of_opening);
  EXPECT_EQ(facts->first_block->hash, facts->opening->beacon);
  ASSERT_THAT(facts->roster.devices(), SizeIs(2));
  for (const v1::Device& device : facts->roster.devices()) {
    EXPECT_EQ(device.ops_per_second(), 5'000'000'000u);
    EXPECT_EQ(device.muster(),
              chain::Committee(facts->opening->beacon, device.id(), kSlots)[0] == kSlot);
  }
  ASSERT_THAT(facts->left_out, SizeIs(1));
  EXPECT_THAT(facts->left_out.at(2), HasSubstr("unknown"));
  ASSERT_THAT(facts->roster.slots(), SizeIs(3));
  EXPECT_EQ(facts->roster.slots(2).key(), std::string(20, '\x92'));
  EXPECT_EQ(facts->stored, Digest{});
}

TEST_F(SlotFactsTest, AreOfTheOpeningWhateverChangedSince) {
  Open();
  chain_.contracts().devices[0].endpoint = "192.0.2.9:7000";
  chain_.contracts().slots[kSlot].anchor = Filled<Digest>(0xdd);
  const auto facts = Read();
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->roster.devices(0).endpoint(), "192.0.2.1:7000");
  EXPECT_EQ(facts->roster.slots(kSlot).anchor(), std::string(32, '\xcc'));
  EXPECT_EQ(facts->own_newest.anchor(), std::string(32, '\xdd'));
}

TEST_F(SlotFactsTest, AreOfTheNewestBlockWhenTheStateOfTheOpeningIsGone) {
  Open();
  chain_.contracts().devices[0].endpoint = "192.0.2.9:7000";
  chain_.Prune(chain_.Latest()->number);
  const auto facts = Read();
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_FALSE(facts->of_opening);
  ASSERT_THAT(facts->roster.devices(), SizeIs(3));
  EXPECT_EQ(facts->roster.devices(0).endpoint(), "192.0.2.9:7000");
}

TEST_F(SlotFactsTest, OfASlotThatIsNoneHaveNobodyToCheck) {
  Open();
  const auto facts = Read(kSlots);
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_THAT(facts->roster.devices(), SizeIs(0));
  EXPECT_THAT(facts->roster.slots(), SizeIs(0));
}

TEST_F(SlotFactsTest, AreWhatTheCommandComparesWith) {
  const testing::EpochFixture epoch;
  TemporaryDirectory directory(TemporaryDirectory::Place::kMemory);
  epoch.WriteLog(directory.File("log"));
  epoch.WriteReport(directory.File("report"));
  VerifyArguments arguments;
  arguments.log_path = directory.File("log");
  arguments.report_path = directory.File("report");
  arguments.threads = 1;
  std::ostringstream out, errors;
  EXPECT_EQ(RunVerify(arguments, &contracts_, nullptr, OsEntropy(), out, errors), 1);
  EXPECT_THAT(out.str(), HasSubstr("chain: beacon is none, the epoch is not opened"));
  chain_.before = [](auto) { return absl::UnavailableError("the chain is silent"); };
  EXPECT_EQ(RunVerify(arguments, &contracts_, nullptr, OsEntropy(), out, errors), 2);
  EXPECT_THAT(errors.str(), HasSubstr("the chain is silent"));
}

}  // namespace
}  // namespace kaisar::audit
