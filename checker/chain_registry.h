#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "chain/contracts.h"
#include "challenges/policy.h"
#include "checker/registry.h"
#include "checker/slot_keys.h"

namespace kaisar::checker {

struct ChainRegistrySettings {
  std::uint32_t slot = 0;
  std::uint32_t confirmations = 2;  // blocks on top of the beacon's before an epoch begins
};

/// All of it must outlive the registry.
struct ChainRegistryServices {
  chain::Contracts& contracts;
  const SlotKeys& keys;
  const challenges::Policy& policy;
  const Clock& clock;
  /// Something that the operator should know.
  std::function<void(const std::string&)> notice;
};

/// Epochs of the chain. One begins once it is opened and its beacon's block is deep enough; who
/// takes part is read as of that block, so that every checker sees the same, and from the newest
/// state when an endpoint no longer has that block's.
///
/// A device that nobody can be asked to check (of a class that the policy lacks, with an endpoint
/// that is none) is left out with a notice; whatever strangers register, the others are checked.
///
/// Cost:   per epoch some requests, one per 100 devices and slots of the network, and one per slot
///         that checks a device of ours.
/// Source: docs/settlement.md, Committees.
class ChainRegistry final : public Registry {
 public:
  ChainRegistry(const ChainRegistrySettings& settings, ChainRegistryServices services);

  EpochGrid grid() const override;
  absl::StatusOr<std::optional<EpochStart>> Begin(std::uint32_t epoch) override;
  void Recheck(std::uint32_t epoch, const Digest& beacon) override;

 private:
  using At = chain::Contracts::At;
  /// What the chain says: a start, or why there is none for us, or neither yet.
  struct Answer {
    std::optional<EpochStart> start;
    absl::Status refusal;
  };

  absl::StatusOr<Answer> Ask(std::uint32_t epoch);
  absl::StatusOr<Answer> Read(std::uint32_t epoch, const chain::Opening& opening, At at);
  /// The own slot, able to do its part by the state at `at` or by the newest.
  absl::StatusOr<chain::SlotState> OwnSlot(std::uint32_t epoch,
                                           const std::vector<chain::SlotState>& slots, At at,
                                           absl::Status& refusal);
  absl::Status CheckTimeLeft(std::uint32_t epoch, const chain::Opening& opening) const;
  void TellLeftOut(const std::map<std::uint32_t, std::string>& left_out);
  void TellTrouble(const absl::Status& status);
  void TellNotOpened(std::uint32_t epoch);
  void AskAgainIn(std::uint32_t ms);

  const ChainRegistrySettings settings_;
  const ChainRegistryServices services_;
  std::optional<std::uint32_t> asked_;  // the epoch that was asked about last
  std::uint64_t ask_again_ns_ = 0;      // monotonic
  absl::Status refusal_;                // of `asked_`
  bool not_opened_told_ = false;        // of `asked_`
  bool in_trouble_ = false;
  std::uint64_t trouble_told_ns_ = 0;
  std::map<std::uint32_t, std::string> left_out_told_;
};

}  // namespace kaisar::checker
