#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "chain/abi.h"
#include "chain/chain_client.h"
#include "chain/contracts.h"
#include "chain/deployment.h"

namespace kaisar::testing {

/// A deployment on chain 31337 with invented addresses. Windows have the share of the epoch that
/// the network's have.
chain::Deployment FakeDeployment(std::uint64_t genesis_s, std::uint32_t epoch_seconds);

/// What a call sees of the chain.
struct FakeCallContext {
  Address from{};
  std::uint64_t block_number = 0;
  std::uint64_t timestamp_s = 0;
  /// Header of an earlier block; null when there is none.
  std::function<const Bytes*(std::uint64_t number)> header;
};

/// A small model of the contracts: the rules that the reporter and the checker meet, and their
/// state, which tests may set as they like. It speaks the contracts' ABI.
///
/// Threads: one at a time.
class FakeContracts {
 public:
  explicit FakeContracts(const chain::Deployment& deployment) : deployment_(deployment) {}

  std::vector<chain::SlotState> slots;      // N_e counts those with active_from <= e
  std::vector<chain::DeviceState> devices;  // id = place; weight and phase count at once
  std::map<std::uint32_t, chain::Opening> openings;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Digest> reports;  // (epoch, slot)
  std::set<std::pair<std::uint32_t, std::uint32_t>> settled;          // (epoch, device)
  std::set<std::pair<std::uint32_t, std::uint32_t>> marked;           // (epoch, slot) slashed
  std::set<std::uint32_t> unsettleable;                               // devices that always revert
  bool settling_paused = false;
  Uint256 slash{1000};                                   // wei of KAI, at each mark
  std::map<std::uint32_t, chain::SlotAccount> accounts;  // by slot
  std::map<std::string, Bytes> answers;  // by signature: for views that have no model here

  /// Runs a view or a transaction; what it logs goes to `logs`, without its place in the chain.
  ///
  /// Errors: Aborted "reverted: …"; the state may then be half changed.
  absl::StatusOr<Bytes> Call(const Address& to, const Bytes& input, const FakeCallContext& context,
                             std::vector<chain::LogEntry>& logs);

 private:
  using Result = absl::StatusOr<Bytes>;
  struct Frame {
    chain::AbiDecoder arguments;
    const FakeCallContext& context;
    std::vector<chain::LogEntry>& logs;
  };
  struct Function {
    const char* signature;
    Result (FakeContracts::*run)(Frame& frame);
  };
  static const std::vector<Function>& Functions();

  Result Openings(Frame& frame);
  Result OpenEpoch(Frame& frame);
  Result RequestLate(Frame& frame);
  Result OpenLate(Frame& frame);
  Result CountsFrom(Frame& frame);
  Result CountAt(Frame& frame);
  Result Slot(Frame& frame);
  Result SlotPage(Frame& frame);
  Result HotKeyAt(Frame& frame);
  Result SlotOf(Frame& frame);
  Result DeviceCount(Frame& frame);
  Result DeviceOf(Frame& frame);
  Result DevicePage(Frame& frame);
  Result DeviceAt(Frame& frame);
  Result TotalWeightAt(Frame& frame);
  Result ReportsOf(Frame& frame);
  Result Commit(Frame& frame);
  Result Reveal(Frame& frame);
  Result MarkMissed(Frame& frame);
  Result MarkUnrevealed(Frame& frame);
  Result IsSettled(Frame& frame);
  Result AccountOf(Frame& frame);
  Result SettleBatch(Frame& frame);
  Result Mark(std::uint32_t epoch, std::uint32_t slot, Frame& frame);
  absl::Status Settle(std::uint32_t epoch, chain::AbiDecoder& item, Frame& frame);
  absl::Status CheckProofs(std::uint32_t epoch, std::uint32_t device, chain::AbiDecoder& item);

  const chain::Deployment deployment_;
  std::map<std::uint32_t, std::uint64_t> late_blocks_;  // by epoch
};

}  // namespace kaisar::testing
