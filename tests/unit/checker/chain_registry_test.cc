// Epochs that the chain begins: when, with whom, and what happens when it is silent or strange.
#include "checker/chain_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/keys/tls_key.h"
#include "chain/committee.h"
#include "challenges/roster.h"
#include "checker/slot_duty.h"
#include "tests/support/fake_chain.h"
#include "tests/unit/checker/dispatch_scene.h"

namespace kaisar::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kGenesisS = 1'800'000'000;
constexpr std::uint32_t kEpochS = 600;
constexpr std::uint32_t kSlot = 1;

Digest Filled(std::uint8_t byte) {
  Digest digest;
  digest.fill(byte);
  return digest;
}

checker::SlotKeys MakeKeys() {
  auto tls = MakeTlsKey("slot");
  auto chain = HashChain::Make(Filled(0x11), 64, 0);
  KAISAR_CHECK(tls.ok() && chain.ok());
  return {TestKey(), *std::move(tls), *std::move(chain)};
}

bool Waits(const absl::StatusOr<std::optional<checker::EpochStart>>& begun) {
  return begun.ok() && !begun->has_value();
}

class ChainRegistryTest : public ::testing::Test {
 protected:
  ChainRegistryTest() {
    for (std::uint32_t id = 0; id < 3; ++id) {
      chain::SlotState slot;
      slot.owner.fill(0x80);
      slot.hot_key.fill(static_cast<std::uint8_t>(0x90 + id));
      slot.tls_pin = Filled(static_cast<std::uint8_t>(0xa0 + id));
      slot.anchor = Filled(0xcc);
      slot.license = Uint256(id + 1);
      slot.active_until = UINT32_MAX;
      chain_.contracts().slots.push_back(slot);
    }
    own().hot_key = keys_.hot.address();
    own().tls_pin = *TlsPin(keys_.tls.certificate_pem);
    own().anchor = keys_.chain.anchor();
    for (std::uint32_t id = 0; id < 4; ++id) {
      chain::DeviceState device;
      device.id = id;
      device.owner.fill(0x70);
      device.key.fill(static_cast<std::uint8_t>(0x60 + id));
      device.tls_pin = Filled(static_cast<std::uint8_t>(0x50 + id));
      device.endpoint = "192.0.2.1:7000";
      device.device_class = "cpu";
      device.region = "here";
      device.weight = 5;
      device.phase = chain::Phase::kStandby;
      device.down_bits_per_second = device.up_bits_per_second = 1000;
      chain_.contracts().devices.push_back(device);
    }
  }

  chain::SlotState& own() { return chain_.contracts().slots[kSlot]; }
  chain::DeviceState& device(std::size_t id) { return chain_.contracts().devices[id]; }

  /// As if somebody had opened it with the block that is the newest one now.
  void Open(std::uint32_t epoch) {
    const chain::Block latest = *chain_.Latest();
    chain_.contracts().openings[epoch] = {latest.hash, latest.number, latest.timestamp_s};
  }
  void Pass(std::uint64_t seconds) { clock_.Advance(seconds * 1000); }

  /// Asks for an epoch whose beacon is deep enough.
  absl::StatusOr<std::optional<checker::EpochStart>> BeginOpened(std::uint32_t epoch) {
    Open(epoch);
    Pass(3);
    return registry_.Begin(epoch);
  }

  FakeClock clock_{kGenesisS * 1000};
  FakeChain chain_{clock_, FakeDeployment(kGenesisS, kEpochS)};
  chain::Contracts contracts_{chain_, chain_.deployment()};
  const checker::SlotKeys keys_ = MakeKeys();
  const challenges::Policy policy_ = TestPolicy();
  std::vector<std::string> notices_;
  checker::ChainRegistry registry_{{kSlot, 2},
                                   {contracts_, keys_, policy_, clock_,
                                    [this](const std::string& t) { notices_.push_back(t); }}};
};

TEST_F(ChainRegistryTest, TellsTheGridOfTheSchedule) {
  EXPECT_EQ(registry_.grid().genesis_ms, kGenesisS * 1000);
  EXPECT_EQ(registry_.grid().epoch_ms, kEpochS * 1000u);
}

TEST_F(ChainRegistryTest, WaitsForTheOpeningAndForBlocksOnTopOfIt) {
  Pass(1);
  EXPECT_TRUE(Waits(registry_.Begin(0)));
  Open(0);
  Pass(1);
  EXPECT_TRUE(Waits(registry_.Begin(0))) << "one block on top, two are asked for";
  Pass(1);
  const auto start = registry_.Begin(0);
  ASSERT_TRUE(start.ok()) << start.status();
  ASSERT_TRUE(start->has_value());
  EXPECT_EQ((*start)->beacon, chain_.contracts().openings[0].beacon);
  EXPECT_EQ((*start)->beacon_ms, chain_.contracts().openings[0].timestamp_s * 1000);
}

TEST_F(ChainRegistryTest, MakesARosterThatAnyAuditorAccepts) {
  const auto start = BeginOpened(0);
  ASSERT_TRUE(start.ok() && start->has_value()) << start.status();
  const v1::Roster& roster = (*start)->roster;
  EXPECT_EQ(challenges::ValidateRoster(roster, policy_, kSlot), absl::OkStatus());
  EXPECT_EQ(roster.chain_id(), 31337u);
  EXPECT_EQ(roster.contract(), ToString(chain_.deployment().reports));
  ASSERT_EQ(roster.devices_size(), 4);  // three slots: each checks every device
  EXPECT_EQ(roster.devices(0).ops_per_second(), 5'000'000'000u);
  EXPECT_EQ(roster.devices(0).phase(), v1::STANDBY);
  ASSERT_EQ(roster.slots_size(), 3);
  EXPECT_EQ(roster.slots(1).key(), ToString(keys_.hot.address()));
  EXPECT_EQ(roster.slots(2).key(), std::string(20, '\x92'));
  EXPECT_EQ(roster.slots(1).anchor(), ToString(keys_.chain.anchor()));
}

TEST_F(ChainRegistryTest, MustersTheDevicesWhoseCommitteeItIsFirstIn) {
  const auto start = BeginOpened(0);
  ASSERT_TRUE(start.ok() && start->has_value()) << start.status();
  EXPECT_FALSE((*start)->roster.muster());
  for (const v1::Device& device : (*start)->roster.devices()) {
    EXPECT_EQ(device.muster(), chain::Committee((*start)->beacon, device.id(), 3)[0] == kSlot);
  }
}

TEST_F(ChainRegistryTest, ChecksOnlyDevicesOfItsCommittees) {
  while (chain_.contracts().slots.size() < 40) {
    chain_.contracts().slots.push_back(chain_.contracts().slots[0]);
  }
  while (chain_.contracts().devices.size() < 60) {
    chain_.contracts().devices.push_back(device(0));
    chain_.contracts().devices.back().id =
        static_cast<std::uint32_t>(chain_.contracts().devices.size() - 1);
  }
  const auto start = BeginOpened(0);
  ASSERT_TRUE(start.ok() && start->has_value()) << start.status();
  std::vector<std::uint32_t> expected;
  for (std::uint32_t id = 0; id < 60; ++id) {
    const auto committee = chain::Committee((*start)->beacon, id, 40);
    if (std::find(committee.begin(), committee.end(), kSlot) != committee.end()) {
      expected.push_back(id);
    }
  }
  std::vector<std::uint32_t> found;
  for (const v1::Device& device : (*start)->roster.devices()) found.push_back(device.id());
  EXPECT_EQ(found, expected);
  EXPECT_THAT(found, ::testing::Not(IsEmpty()));
  EXPECT_LT(found.size(), 60u);
}

TEST_F(ChainRegistryTest, LeavesOutWhatStrangersRegisteredWrongly) {
  device(0).device_class = "quantum";
  device(1).endpoint = "http://example.org/";
  device(2).region = "\xff\xfe";
  const auto start = BeginOpened(0);
  ASSERT_TRUE(start.ok() && start->has_value()) << start.status();
  ASSERT_EQ((*start)->roster.devices_size(), 1);
  EXPECT_EQ((*start)->roster.devices(0).id(), 3u);
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("device 0 is left out: device 0: device_class is "
                                              "\"quantum\""),
                                    HasSubstr("device 1 is left out"),
                                    HasSubstr("device 2 is left out: region is not printable")));
}

TEST_F(ChainRegistryTest, ReadsTheStateOfTheBeaconsBlock) {
  Open(0);
  Pass(3);
  device(0).endpoint = "192.0.2.9:1";
  const auto start = registry_.Begin(0);
  ASSERT_TRUE(start.ok() && start->has_value()) << start.status();
  EXPECT_EQ((*start)->roster.devices(0).endpoint(), "192.0.2.1:7000");
}

TEST_F(ChainRegistryTest, ReadsTheNewestStateWhenThatOneIsPruned) {
  Open(0);
  Pass(3);
  device(0).endpoint = "192.0.2.9:1";
  chain_.Prune(chain_.Latest()->number);
  const auto start = registry_.Begin(0);
  ASSERT_TRUE(start.ok() && start->has_value()) << start.status();
  EXPECT_EQ((*start)->roster.devices(0).endpoint(), "192.0.2.9:1");
}

TEST_F(ChainRegistryTest, WaitsOutAnOutageAndTellsOfItOnce) {
  Open(0);
  chain_.before = [](auto) { return absl::UnavailableError("nobody answers"); };
  for (int second = 0; second < 30; ++second) {
    EXPECT_TRUE(Waits(registry_.Begin(0)));
    Pass(1);
  }
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("nobody answers")));
  chain_.before = [](auto) { return absl::OkStatus(); };
  Pass(5);
  const auto start = registry_.Begin(0);
  ASSERT_TRUE(start.ok() && start->has_value()) << start.status();
  EXPECT_THAT(notices_, Contains("the chain answers again"));
}

TEST_F(ChainRegistryTest, TakesAnotherChainBehindAnEndpointForAnOutage) {
  chain_.before = [](auto) { return absl::FailedPreconditionError("serves chain 1"); };
  EXPECT_TRUE(Waits(registry_.Begin(0)));
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("serves chain 1")));
}

TEST_F(ChainRegistryTest, TellsOnceThatNobodyOpensTheEpoch) {
  for (int second = 0; second < 60; ++second) {
    EXPECT_TRUE(Waits(registry_.Begin(0)));
    Pass(1);
  }
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("epoch 0 is not opened yet")));
}

TEST_F(ChainRegistryTest, RefusesAnEpochThatWasOpenedTooLateForThePolicy) {
  Pass(kEpochS - 3);
  const auto start = BeginOpened(0);
  EXPECT_EQ(start.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(start.status().message()), HasSubstr("before its end"));
}

TEST_F(ChainRegistryTest, TellsOfAReorganisationThatChangedTheBeacon) {
  Open(0);
  registry_.Recheck(0, chain_.contracts().openings[0].beacon);
  EXPECT_THAT(notices_, IsEmpty());
  registry_.Recheck(0, Filled(7));
  EXPECT_THAT(notices_, ElementsAre(AllOf(HasSubstr("epoch 0"), HasSubstr("reorganized"))));
}

/// What is wrong with the own slot, and what the refusal says.
struct Refusal {
  const char* name;
  std::function<void(chain::SlotState&)> change;
  const char* says;
};

class ChainRegistryRefusal : public ChainRegistryTest,
                             public ::testing::WithParamInterface<Refusal> {};

TEST_P(ChainRegistryRefusal, SaysWhatToDo) {
  GetParam().change(own());
  const auto start = BeginOpened(0);
  ASSERT_EQ(start.status().code(), absl::StatusCode::kFailedPrecondition) << start.status();
  EXPECT_THAT(std::string(start.status().message()), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    All, ChainRegistryRefusal,
    ::testing::Values(
        Refusal{"Ejected", [](chain::SlotState& s) { s.ejected = true; }, "was ejected"},
        Refusal{"NotYet", [](chain::SlotState& s) { s.active_from = 2; }, "from epoch 2 on"},
        Refusal{"Gone", [](chain::SlotState& s) { s.active_until = 0; }, "kaisar-checker unstake"},
        Refusal{"HotKey", [](chain::SlotState& s) { s.hot_key.fill(1); }, "announce-keys"},
        Refusal{"TlsPin", [](chain::SlotState& s) { s.tls_pin.fill(1); }, "announce-keys"},
        Refusal{"Anchor", [](chain::SlotState& s) { s.anchor.fill(1); }, "announce-keys"}),
    [](const auto& refusal) { return refusal.param.name; });

TEST_F(ChainRegistryTest, TellsThatAnAnnouncedHotKeyCountsFromTheNextEpochOn) {
  Address old_key{};
  old_key.fill(1);
  const absl::Status status = checker::CheckDuty(0, kSlot, own(), old_key, keys_);
  EXPECT_THAT(std::string(status.message()), HasSubstr("counts from the next epoch on"));
}

TEST_F(ChainRegistryTest, TakesPartOnceTheOwnerMendedThePin) {
  const Digest pin = own().tls_pin;
  own().tls_pin.fill(1);
  EXPECT_FALSE(BeginOpened(0).ok());
  own().tls_pin = pin;
  Pass(61);
  const auto start = registry_.Begin(0);
  ASSERT_TRUE(start.ok() && start->has_value()) << start.status();
  EXPECT_EQ((*start)->roster.slots(1).tls_pin(), ToString(pin));
}

TEST_F(ChainRegistryTest, RefusesASlotThatIsNotThere) {
  chain_.contracts().slots.resize(1);
  const auto start = BeginOpened(0);
  EXPECT_EQ(start.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(start.status().message()), HasSubstr("there is no slot 1"));
}

}  // namespace
}  // namespace kaisar::testing
