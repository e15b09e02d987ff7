#include "chain/contracts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/hex.h"
#include "chain/committee.h"
#include "chain/events.h"

namespace kaisar::chain {
namespace {

using ::testing::HasSubstr;

constexpr std::uint32_t kMost32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kMost64 = std::numeric_limits<std::uint64_t>::max();

template <typename Array>
Array Filled(std::uint8_t byte) {
  Array filled;
  filled.fill(byte);
  return filled;
}

Uint256 Wei(const std::string& decimal) {
  return Uint256::FromDecimal(decimal).value();
}

/// tests/vectors/chain/make_views.mjs, by ethers.
nlohmann::json Vectors() {
  std::ifstream file(std::string(std::getenv("KAISAR_SOURCE_DIR")) +
                     "/tests/vectors/chain/views.json");
  return nlohmann::json::parse(file);
}

Bytes BytesOf(const nlohmann::json& hex) {
  return ParseHex(hex.get<std::string>()).value();
}

/// Answers the calls of the vectors, and no other.
class RecordedChain : public ChainClient {
 public:
  RecordedChain() {
    const nlohmann::json vectors = Vectors();
    for (const auto& view : vectors.at("views")) {
      answers[BytesOf(view.at("input"))] = BytesOf(view.at("output"));
    }
  }
  std::uint64_t chain_id() const override { return 31337; }
  absl::StatusOr<Bytes> Call(const ViewCall& call) override {
    last = call;
    const auto found = answers.find(call.input);
    if (found == answers.end()) return absl::UnavailableError("not in the vectors");
    return found->second;
  }
  absl::StatusOr<Block> Latest() override { return Unused(); }
  absl::StatusOr<Block> BlockAt(std::uint64_t) override { return Unused(); }
  absl::StatusOr<Bytes> Header(std::uint64_t) override { return Unused(); }
  absl::StatusOr<std::vector<LogEntry>> Logs(const LogFilter&) override { return Unused(); }
  absl::StatusOr<Uint256> Balance(const Address&) override { return Unused(); }
  absl::StatusOr<std::uint64_t> Nonce(const Address&) override { return Unused(); }
  absl::StatusOr<Fees> SuggestFees() override { return Unused(); }
  absl::StatusOr<std::uint64_t> EstimateGas(const ViewCall&) override { return Unused(); }
  absl::Status Send(const SignedTransaction&) override { return Unused(); }
  absl::StatusOr<std::optional<Receipt>> FindReceipt(const Digest&) override { return Unused(); }

  std::map<Bytes, Bytes> answers;
  ViewCall last;

 private:
  static absl::Status Unused() { return absl::UnimplementedError("only views are recorded"); }
};

Deployment SomeDeployment() {
  Deployment deployment;
  deployment.token = Filled<Address>(1);
  deployment.license = Filled<Address>(2);
  deployment.emission = Filled<Address>(3);
  deployment.beacon = Filled<Address>(4);
  deployment.devices = Filled<Address>(5);
  deployment.slots = Filled<Address>(6);
  deployment.reports = Filled<Address>(7);
  deployment.settlement = Filled<Address>(8);
  return deployment;
}

class ContractsTest : public ::testing::Test {
 protected:
  RecordedChain chain_;
  const Deployment deployment_ = SomeDeployment();
  Contracts contracts_{chain_, deployment_};
  const Address a_ = Filled<Address>(0xa1), b_ = Filled<Address>(0xb2);
};

TEST_F(ContractsTest, ReadAnOpeningAndTellThatThereIsNone) {
  const auto opening = contracts_.FindOpening(7);
  ASSERT_TRUE(opening.ok() && opening->has_value()) << opening.status();
  EXPECT_EQ((*opening)->beacon, Filled<Digest>(0xbe));
  EXPECT_EQ((*opening)->block_number, kMost64);
  EXPECT_EQ((*opening)->timestamp_s, 1'700'000'001u);
  EXPECT_EQ(chain_.last.to, deployment_.beacon);
  EXPECT_FALSE(contracts_.FindOpening(8)->has_value());
}

TEST_F(ContractsTest, AskForTheStateOfTheBlockThatIsNamed) {
  ASSERT_TRUE(contracts_.CountsFrom(12).ok());
  EXPECT_EQ(chain_.last.block, std::optional<std::uint64_t>(12));
  EXPECT_EQ(contracts_.CountsFrom().value(), kMost32);
  EXPECT_EQ(chain_.last.block, std::nullopt);
}

TEST_F(ContractsTest, ReadEveryFieldOfASlot) {
  const auto slot = contracts_.Slot(3);
  ASSERT_TRUE(slot.ok()) << slot.status();
  EXPECT_EQ(slot->owner, a_);
  EXPECT_EQ(slot->hot_key, b_);
  EXPECT_EQ(slot->tls_pin, Filled<Digest>(0x0c));
  EXPECT_EQ(slot->anchor, Filled<Digest>(0x0d));
  EXPECT_EQ(slot->anchor_epoch, 3u);
  EXPECT_EQ(slot->stake, Wei("340282366920938463463374607431768211455"));
  EXPECT_EQ(slot->license, Wei("1000000000000000000000000000003"));
  EXPECT_EQ(slot->active_from, 3u);
  EXPECT_EQ(slot->active_until, kMost32);
  EXPECT_EQ(slot->claimable_at, kMost64);
  EXPECT_EQ(slot->streak, 9u);
  EXPECT_TRUE(slot->ejected);
  EXPECT_EQ(chain_.last.to, deployment_.slots);
}

TEST_F(ContractsTest, ReadSlotsByPagesAndKeysByEpoch) {
  const auto slots = contracts_.Slots();
  ASSERT_TRUE(slots.ok()) << slots.status();
  ASSERT_EQ(slots->size(), 2u);
  EXPECT_EQ((*slots)[1].anchor_epoch, 1u);
  EXPECT_EQ(contracts_.SlotCountAt(7).value(), 41u);
  EXPECT_EQ(contracts_.HotKeyAt(3, 7).value(), b_);
  EXPECT_EQ(contracts_.SlotOf(a_).value(), std::optional<std::uint32_t>(5));
  EXPECT_EQ(contracts_.SlotOf(b_).value(), std::nullopt);
  const auto next = contracts_.FindNextAnchor(3);
  ASSERT_TRUE(next.ok() && next->has_value()) << next.status();
  EXPECT_EQ((*next)->anchor, Filled<Digest>(0x0e));
  EXPECT_EQ((*next)->first_epoch, 12u);
  EXPECT_FALSE(contracts_.FindNextAnchor(4)->has_value());
  EXPECT_EQ(contracts_.StakeRequired().value(), Wei("340282366920938463463374607431768211455"));
}

TEST_F(ContractsTest, ReadEveryFieldOfADevice) {
  const auto device = contracts_.Device(9);
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_EQ(device->id, 9u);
  EXPECT_EQ(device->owner, b_);
  EXPECT_EQ(device->key, a_);
  EXPECT_EQ(device->tls_pin, Filled<Digest>(0x1c));
  EXPECT_EQ(device->endpoint, "[::1]:443");
  EXPECT_EQ(device->device_class, "cpu-small");
  EXPECT_EQ(device->region, "eu");
  EXPECT_EQ(device->down_bits_per_second, 1'000'000'000u);
  EXPECT_EQ(device->up_bits_per_second, 100'000'000u);
  EXPECT_EQ(device->weight, 1234u);
  EXPECT_EQ(device->phase, Phase::kStandby);
  EXPECT_EQ(device->bond, Wei("77000000000000000000"));
  EXPECT_EQ(device->exit_at, 1'700'000'000u);
  EXPECT_EQ(chain_.last.to, deployment_.devices);
  const auto then = contracts_.DeviceAt(9, 7);
  EXPECT_EQ(then->weight, 55u);
  EXPECT_EQ(then->phase, Phase::kRegistering);
}

TEST_F(ContractsTest, ReadDevicesByPagesWithWhatCountedInTheEpoch) {
  const auto devices = contracts_.DevicesOf(7);  // 300 ids: two pages
  ASSERT_TRUE(devices.ok()) << devices.status();
  ASSERT_EQ(devices->size(), 2u);
  EXPECT_EQ((*devices)[0].id, 4u);
  EXPECT_EQ((*devices)[0].weight, 100u);
  EXPECT_EQ((*devices)[0].phase, Phase::kRegistering);
  EXPECT_EQ((*devices)[1].id, 9u);
  EXPECT_EQ((*devices)[1].weight, kMost32);
  EXPECT_EQ((*devices)[1].phase, Phase::kInService);
  EXPECT_EQ((*devices)[1].endpoint, std::string(255, 'b'));
  EXPECT_EQ(contracts_.TotalWeightAt(7).value(), std::uint64_t{1} << 56);
  EXPECT_TRUE(contracts_.WasInService(9, 7).value());
  EXPECT_EQ(contracts_.BondPerWeight().value(), Uint256(5));
}

TEST_F(ContractsTest, ReadReportsAccountsAndMoney) {
  EXPECT_EQ(contracts_.ReportsOf(7, {1, 2, 3}).value(),
            (std::vector<Digest>{Filled<Digest>(0), Filled<Digest>(0x22), Filled<Digest>(0x33)}));
  EXPECT_EQ(chain_.last.to, deployment_.reports);
  EXPECT_TRUE(contracts_.IsSettled(7, 9).value());
  EXPECT_EQ(chain_.last.to, deployment_.settlement);
  const auto account = contracts_.AccountOf(3);
  EXPECT_EQ(account->owed, Wei("340282366920938463463374607431768211455"));
  EXPECT_EQ(account->agreed, 12u);
  EXPECT_EQ(account->disagreed, 13u);
  EXPECT_EQ(contracts_.Earned(a_)->ToWord(), Filled<Digest>(0xff));
  EXPECT_EQ(contracts_.EmissionOf(7).value(), Wei("27000000000000000000000"));
  EXPECT_EQ(contracts_.Funded(7).value(), Uint256(1));
  EXPECT_EQ(chain_.last.to, deployment_.emission);
  EXPECT_EQ(contracts_.TokenBalance(a_).value(), Uint256(2));
  EXPECT_EQ(contracts_.Allowance(a_, b_).value(), Uint256(3));
  EXPECT_EQ(chain_.last.to, deployment_.token);
  EXPECT_EQ(contracts_.LicenseOwner(Wei("1000000000000000000000000000000")).value(), b_);
  EXPECT_EQ(chain_.last.to, deployment_.license);
}

TEST_F(ContractsTest, SayUnavailableWhenAnAddressHasNoSuchContract) {
  for (auto& [input, output] : chain_.answers) output.clear();
  const absl::Status none = contracts_.Slot(3).status();
  EXPECT_EQ(none.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(none.message()), HasSubstr("slot returned what it cannot"));
  EXPECT_EQ(contracts_.Device(9).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(contracts_.Slots().status().code(), absl::StatusCode::kUnavailable);
  for (auto& [input, output] : chain_.answers) output = Bytes(4096, 0xff);
  EXPECT_EQ(contracts_.Device(9).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(contracts_.DevicesOf(7).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(contracts_.IsSettled(7, 9).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(contracts_.SlotOf(a_).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(contracts_.ReportsOf(7, {1, 2, 3}).status().code(), absl::StatusCode::kUnavailable);
}

LogEntry Recorded(const std::string& event) {
  const nlohmann::json vectors = Vectors();
  for (const auto& entry : vectors.at("events")) {
    if (entry.at("event") != event) continue;
    LogEntry log;
    for (const auto& topic : entry.at("topics")) {
      log.topics.push_back(ParseHexArray<32>(topic.get<std::string>()).value());
    }
    log.data = BytesOf(entry.at("data"));
    log.block_number = 77;
    log.transaction = Filled<Digest>(0x77);
    log.index = 5;
    return log;
  }
  ADD_FAILURE() << "no vector of " << event;
  return {};
}

TEST(Events, AreReadAsEthersWritesThem) {
  const auto revealed = ParseRevealed(Recorded("Revealed"));
  ASSERT_TRUE(revealed.ok()) << revealed.status();
  EXPECT_EQ(revealed->epoch, 7u);
  EXPECT_EQ(revealed->slot, 3u);
  EXPECT_EQ(revealed->secret, Filled<Digest>(1));
  EXPECT_EQ(revealed->transcript_root, Filled<Digest>(2));
  EXPECT_EQ(revealed->policy_hash, Filled<Digest>(3));
  EXPECT_EQ(revealed->root, Filled<Digest>(5));
  EXPECT_EQ(revealed->words, (std::vector<Digest>{Filled<Digest>(0xaa), Filled<Digest>(0xbb)}));
  EXPECT_EQ(revealed->block_number, 77u);
  EXPECT_EQ(revealed->transaction, Filled<Digest>(0x77));
  const auto settled = ParseSettled(Recorded("Settled"));
  ASSERT_TRUE(settled.ok()) << settled.status();
  EXPECT_EQ(settled->device, 0xfffffeu);
  EXPECT_EQ(settled->median, kNoMedian);
  EXPECT_EQ(settled->present_mask, 0x7f);
  EXPECT_EQ(settled->agreed_mask, 0x15);
  EXPECT_EQ(settled->provider_pay, Wei("340282366920938463463374607431768211455"));
  EXPECT_EQ(settled->commission_each.ToWord(), Filled<Digest>(0xff));
  EXPECT_EQ(ParseCommitted(Recorded("Committed"))->commitment, Filled<Digest>(0xcc));
  EXPECT_EQ(ParseFunded(Recorded("Funded"))->from, Filled<Address>(0xa1));
  EXPECT_EQ(ParseFunded(Recorded("Funded"))->amount, Wei("1000000000000000000000000000"));
  EXPECT_EQ(ParseBondBurned(Recorded("BondBurned"))->amount, Uint256(4));
  const auto slashed = ParseSlashed(Recorded("Slashed"));
  EXPECT_EQ(slashed->slot, 3u);
  EXPECT_EQ(slashed->amount, Wei("1000000000000000000000"));
  EXPECT_EQ(slashed->to_reporter, Wei("100000000000000000000"));
  EXPECT_EQ(ParseLateRequested(Recorded("LateRequested"))->beacon_block, kMost64);
}

TEST(Events, AreRefusedWhenTheyAreOthersOrCutOrTooLarge) {
  EXPECT_EQ(ParseSettled(Recorded("Revealed")).status().code(), absl::StatusCode::kInvalidArgument);
  LogEntry cut = Recorded("Settled");
  cut.data.pop_back();
  EXPECT_THAT(std::string(ParseSettled(cut).status().message()),
              HasSubstr("event Settled at entry 5 of block 77"));
  LogEntry large = Recorded("Settled");
  large.topics[2] = Filled<Digest>(1);  // no uint24
  EXPECT_FALSE(ParseSettled(large).ok());
  LogEntry few = Recorded("Committed");
  few.topics.pop_back();
  EXPECT_FALSE(ParseCommitted(few).ok());
}

}  // namespace
}  // namespace kaisar::chain
