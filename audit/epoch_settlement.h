#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audit/epoch_facts.h"
#include "audit/settlement.h"

namespace kaisar::audit {

/// One thing that the chain has and we compute otherwise.
struct SettlementDifference {
  std::string where;  // "device 7", "slot 2", "epoch"
  std::string what;   // "median", "provider pay", …
  std::string chain;
  std::string ours;
};

/// What a slot did in the epoch.
enum class ReportStage { kNone, kCommitted, kRevealed };

struct SlotShare {
  ReportStage stage = ReportStage::kNone;
  Digest root{};                // as we compute it from the words; zero unless revealed
  Digest commit_transaction{};  // zero unless committed
  Digest reveal_transaction{};  // zero unless revealed
  std::uint64_t agreed = 0;
  std::uint64_t disagreed = 0;
  Uint256 earned;  // wei of KAI, of devices that are settled
};

struct CommitteeMember {
  std::uint32_t slot = 0;
  bool revealed = false;
  std::optional<std::uint8_t> score;  // null: absent
};

struct DeviceSettlement {
  std::uint32_t device = 0;
  Address owner{};
  std::uint32_t weight = 0;
  chain::Phase phase = chain::Phase::kNone;  // at the epoch
  std::vector<CommitteeMember> members;      // in committee order
  SettlementResult result;                   // ours
  bool settled = false;                      // the chain has it
  Digest transaction{};                      // zero unless settled
  Uint256 burned;                            // of the bond, by the chain
  bool agrees = true;                        // the chain has what we compute
};

/// An epoch settled again.
struct EpochSettlement {
  std::uint32_t epoch = 0;
  std::optional<chain::Opening> opening;
  bool late = false;  // the beacon is that of a late opening
  std::uint64_t total_weight = 0;
  Uint256 emission;  // wei of KAI, with what was funded
  Uint256 funded;
  std::vector<DeviceSettlement> devices;  // ascending
  std::vector<SlotShare> slots;           // by id
  std::map<Address, Uint256> providers;   // wei of KAI by owner, of devices that are settled
  Uint256 to_providers;
  Uint256 to_slots;
  std::size_t unsettled = 0;
  std::vector<SettlementDifference> differences;
};

/// Settles an epoch from its facts and compares with what the chain did: beacon, weights, emission,
/// reports, windows, and each payment to the wei.
EpochSettlement SettleAgain(const EpochFacts& facts);

}  // namespace kaisar::audit
