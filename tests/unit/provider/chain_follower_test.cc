#include "provider/chain_follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "chain/committee.h"
#include "tests/support/fake_chain.h"
#include "tests/support/sample_provider.h"

namespace kaisar::provider {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kGenesisS = 1'700'000'400;
constexpr std::uint32_t kEpochS = 400;
constexpr std::uint8_t kSlots = 3;

class ChainFollowerTest : public ::testing::Test {
 protected:
  ChainFollowerTest() {
    for (std::uint8_t id = 0; id < kSlots; ++id) {
      chain::SlotState slot;
      slot.hot_key = KeyOf(static_cast<std::uint8_t>(id + 1)).address();
      slot.tls_pin = PinOf(id);
      slot.active_until = 0xffff'ffff;
      chain_.contracts().slots.push_back(slot);
    }
    chain::DeviceState device;
    device.key = KeyOf(0x77).address();
    device.weight = 5;
    device.phase = chain::Phase::kStandby;
    chain_.contracts().devices.assign(kDevice + 1, device);
  }

  static Digest PinOf(std::uint8_t slot) { return Filled(static_cast<std::uint8_t>(0x80 + slot)); }

  /// The chain's clock and ours are at so many seconds after genesis.
  void GoTo(std::uint64_t seconds) {
    clock_.Advance((kGenesisS + seconds) * 1000 - clock_.WallMs());
  }
  void Open(std::uint32_t epoch) {
    chain_.contracts().openings[epoch] = {Filled(static_cast<std::uint8_t>(epoch + 1)), 1, 1};
  }
  absl::Status Poll() { return follower_.Poll(); }
  /// Slots that are known by their pins now.
  std::vector<int> Served() const {
    std::vector<int> slots;
    for (std::uint8_t id = 0; id < kSlots; ++id) {
      if (admission_.FindPeer(PinOf(id)).has_value()) slots.push_back(id);
    }
    return slots;
  }

  testing::FakeClock clock_{(kGenesisS - 100) * 1000};
  testing::FakeChain chain_{clock_, testing::FakeDeployment(kGenesisS, kEpochS)};
  chain::Contracts contracts_{chain_, chain_.deployment()};
  Admission admission_{kDomain, {}, {{kDevice, kStateMemoryBytes}}, SampleLimits(), clock_};
  ChainFollower follower_{contracts_, {{kDevice, KeyOf(0x77).address()}}, admission_, clock_};
};

TEST_F(ChainFollowerTest, ServesNobodyBeforeGenesisAndBeforeTheOpening) {
  EXPECT_TRUE(Poll().ok());
  EXPECT_THAT(Served(), IsEmpty());
  GoTo(1);
  EXPECT_TRUE(Poll().ok());
  EXPECT_THAT(Served(), IsEmpty());
  Open(0);
  EXPECT_TRUE(Poll().ok());
  EXPECT_THAT(Served(), ElementsAre(0, 1, 2));
}

TEST_F(ChainFollowerTest, ServesNobodyForADeviceWithoutWeight) {
  chain_.contracts().devices[kDevice].weight = 0;
  Open(0);
  GoTo(1);
  EXPECT_TRUE(Poll().ok());
  EXPECT_THAT(Served(), IsEmpty());
}

TEST_F(ChainFollowerTest, ServesTheOthersWhereOneIdIsNotRegistered) {
  const Address key = KeyOf(0x77).address();
  ChainFollower follower{contracts_, {{kDevice + 1, key}, {kDevice, key}}, admission_, clock_};
  Open(0);
  GoTo(1);
  ASSERT_TRUE(follower.Poll().ok());
  EXPECT_THAT(Served(), ElementsAre(0, 1, 2));
  EXPECT_TRUE(follower.devices()[0].unregistered);
  EXPECT_EQ(follower.devices()[0].in_epoch, false);
  // Registered meanwhile, and seen by an endpoint that is then behind.
  chain_.contracts().devices.push_back(chain_.contracts().devices[kDevice]);
  chain_.contracts().devices.back().weight = 0;  // in this epoch
  GoTo(62);
  ASSERT_TRUE(follower.Poll().ok());
  EXPECT_FALSE(follower.devices()[0].unregistered);
  chain_.contracts().devices.pop_back();
  GoTo(124);
  EXPECT_EQ(follower.Poll().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(Served(), ElementsAre(0, 1, 2));
}

TEST_F(ChainFollowerTest, LearnsHowTheChainHasItsDevices) {
  const auto device = [this] { return follower_.devices().at(0); };
  EXPECT_FALSE(device().has_other_key());
  GoTo(1);
  ASSERT_TRUE(Poll().ok());
  EXPECT_EQ(device().registered_key, KeyOf(0x77).address());
  EXPECT_EQ(device().in_epoch, std::nullopt);
  Open(0);
  ASSERT_TRUE(Poll().ok());
  EXPECT_FALSE(device().has_other_key());
  EXPECT_EQ(device().in_epoch, true);

  chain_.contracts().devices[kDevice].key = KeyOf(0x78).address();
  chain_.contracts().devices[kDevice].weight = 0;
  GoTo(60);
  ASSERT_TRUE(Poll().ok());
  EXPECT_FALSE(device().has_other_key());
  GoTo(61);  // everything is looked at again
  ASSERT_TRUE(Poll().ok());
  EXPECT_TRUE(device().has_other_key());
  EXPECT_EQ(device().in_epoch, false);
}

TEST_F(ChainFollowerTest, TakesAReplacedTlsKeyWithinAMinute) {
  Open(0);
  GoTo(1);
  ASSERT_TRUE(Poll().ok());
  chain_.contracts().slots[1].tls_pin = Filled(0x99);
  GoTo(60);
  ASSERT_TRUE(Poll().ok());
  EXPECT_THAT(Served(), ElementsAre(0, 1, 2));
  GoTo(61);
  ASSERT_TRUE(Poll().ok());
  EXPECT_THAT(Served(), ElementsAre(0, 2));
  EXPECT_EQ(admission_.FindPeer(Filled(0x99))->slot, 1u);
}

TEST_F(ChainFollowerTest, FollowsABeaconThatAReorganizationChanged) {
  for (int i = 0; i < 17; ++i) chain_.contracts().slots.push_back(chain_.contracts().slots[0]);
  const auto holds_slot_1 = [](const Digest& beacon) {
    const std::vector<std::uint32_t> members = chain::Committee(beacon, kDevice, 20);
    return std::count(members.begin(), members.end(), 1u) != 0;
  };
  Digest with{};
  Digest without = {1};  // zero would be an epoch that is not opened
  while (!holds_slot_1(with)) ++with[0];
  while (holds_slot_1(without)) ++without[0];

  chain_.contracts().openings[0] = {with, 1, 1};
  GoTo(1);
  ASSERT_TRUE(Poll().ok());
  EXPECT_TRUE(admission_.FindPeer(PinOf(1)).has_value());
  chain_.contracts().openings[0].beacon = without;
  GoTo(61);
  ASSERT_TRUE(Poll().ok());
  EXPECT_FALSE(admission_.FindPeer(PinOf(1)).has_value());
}

TEST_F(ChainFollowerTest, KeepsAnEpochWhoseOpeningAReorganisationTookBack) {
  Open(0);
  GoTo(1);
  ASSERT_TRUE(Poll().ok());
  chain_.contracts().openings.clear();
  GoTo(61);
  ASSERT_TRUE(Poll().ok());
  EXPECT_THAT(Served(), ElementsAre(0, 1, 2));
}

TEST_F(ChainFollowerTest, KeepsWhomItKnowsWhileTheChainCannotBeRead) {
  Open(0);
  GoTo(1);
  ASSERT_TRUE(Poll().ok());
  chain_.before = [](absl::string_view) { return absl::UnavailableError("no endpoint answers"); };
  GoTo(399);
  EXPECT_EQ(Poll().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Served(), ElementsAre(0, 1, 2));
  GoTo(799);  // the next epoch, of which nothing is known
  EXPECT_FALSE(Poll().ok());
  EXPECT_THAT(Served(), ElementsAre(0, 1, 2));
  GoTo(800);
  EXPECT_FALSE(Poll().ok());
  EXPECT_THAT(Served(), IsEmpty());
  chain_.before = [](absl::string_view) { return absl::OkStatus(); };
  Open(2);
  EXPECT_TRUE(Poll().ok());
  EXPECT_THAT(Served(), ElementsAre(0, 1, 2));
}

TEST_F(ChainFollowerTest, KeepsWhomItKnowsWhenAReadFailsHalfway) {
  Open(0);
  GoTo(1);
  ASSERT_TRUE(Poll().ok());
  int calls = 0;
  chain_.before = [&](absl::string_view) {
    return ++calls < 6 ? absl::OkStatus() : absl::UnavailableError("gone");
  };
  GoTo(100);
  EXPECT_FALSE(Poll().ok());
  EXPECT_THAT(Served(), ElementsAre(0, 1, 2));
}

TEST_F(ChainFollowerTest, AsksOnlyForTheNewestBlockWhenNothingIsDue) {
  Open(0);
  GoTo(1);
  ASSERT_TRUE(Poll().ok());
  std::vector<std::string> asked;
  chain_.before = [&](absl::string_view method) {
    asked.emplace_back(method);
    return absl::OkStatus();
  };
  GoTo(10);
  ASSERT_TRUE(Poll().ok());
  EXPECT_EQ(asked.size(), 1u);
}

TEST_F(ChainFollowerTest, PollsSoonAfterAnEpochsBeginUntilItIsOpened) {
  EXPECT_EQ(follower_.RestMs(5000), 5000u);
  clock_.Advance(97'000);
  EXPECT_EQ(follower_.RestMs(5000), 3000u);  // genesis
  clock_.Advance(4'000);
  EXPECT_EQ(follower_.RestMs(5000), 500u);
  EXPECT_EQ(follower_.RestMs(100), 100u);
  Open(0);
  ASSERT_TRUE(Poll().ok());
  EXPECT_EQ(follower_.RestMs(5000), 5000u);
  GoTo(398);
  EXPECT_EQ(follower_.RestMs(5000), 2000u);
  GoTo(461);  // nobody has opened this one
  EXPECT_EQ(follower_.RestMs(5000), 1000u);
  Open(1);
  ASSERT_TRUE(Poll().ok());
  EXPECT_EQ(follower_.RestMs(5000), 5000u);
}

TEST_F(ChainFollowerTest, TakesThePhaseFromTheBlockThatOpenedTheEpoch) {
  Limits limits = SampleLimits();
  limits.bandwidth.emplace();
  Admission admission(kDomain, {}, {{kDevice, kStateMemoryBytes}}, limits, clock_);
  ChainFollower follower(contracts_, {{kDevice, KeyOf(0x77).address()}}, admission, clock_);
  std::uint8_t number = 0;
  // Tests that are too long for a device in service are.
  const auto is_refused = [&](std::uint32_t epoch) {
    v1::SignedChallenge challenge = SampleChallenge(clock_, v1::BANDWIDTH, 1, ++number);
    challenge.mutable_challenge()->set_epoch(epoch);
    challenge = Signed(challenge);
    challenges::SignChallenge(KeyOf(2), kDomain, challenge);  // the hot key of slot 1
    const Decision decision =
        admission.Decide(*admission.FindPeer(PinOf(1)), v1::BANDWIDTH, challenge);
    EXPECT_FALSE(std::holds_alternative<absl::Status>(decision));
    return std::holds_alternative<v1::Refusal>(decision);
  };
  const auto open = [this](std::uint32_t epoch) {
    const chain::Block latest = chain_.Latest().value();
    chain_.contracts().openings[epoch] = {Filled(9), latest.number, latest.timestamp_s};
  };

  GoTo(1);
  open(0);
  GoTo(2);
  chain_.contracts().devices[kDevice].phase = chain::Phase::kInService;
  GoTo(3);
  ASSERT_TRUE(follower.Poll().ok());
  EXPECT_FALSE(is_refused(0));
  GoTo(kEpochS + 1);
  open(1);
  GoTo(kEpochS + 2);
  chain_.contracts().devices[kDevice].phase = chain::Phase::kStandby;
  GoTo(kEpochS + 3);
  ASSERT_TRUE(follower.Poll().ok());
  EXPECT_TRUE(is_refused(1));
  EXPECT_FALSE(is_refused(0));
  // State of that block is gone: the newest says.
  GoTo(kEpochS + 70);
  chain_.Prune(chain_.Latest()->number);
  ASSERT_TRUE(follower.Poll().ok());
  EXPECT_FALSE(is_refused(1));
}

}  // namespace
}  // namespace kaisar::provider
