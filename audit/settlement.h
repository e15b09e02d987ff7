#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/uint256.h"
#include "chain/contracts.h"
#include "chain/deployment.h"

namespace kaisar::audit {

/// KAI emitted from genesis to a time, in wei; 0 before genesis.
///
/// Source: docs/settlement.md, Emission.
Uint256 Emitted(const chain::Deployment& deployment, std::uint64_t time_s);
/// What an epoch distributes: `funded` and the emission between its borders.
Uint256 EmissionOf(const chain::Deployment& deployment, std::uint32_t epoch, const Uint256& funded);

/// What settles one device in one epoch.
struct SettlementInput {
  Uint256 emission;  // of the epoch, wei
  std::uint32_t weight = 0;
  std::uint64_t total_weight = 0;  // above 0
  chain::Phase phase = chain::Phase::kNone;
  bool was_in_service = false;
  std::uint8_t provider_percent = 0;
  std::uint8_t band = 0;
  std::vector<std::optional<std::uint8_t>>
      scores;  // a member each, in committee order; null: absent
};

/// What the contract must have paid.
struct SettlementResult {
  std::uint8_t median = 0;  // chain::kNoMedian without quorum
  std::uint8_t present_mask = 0;
  std::uint8_t agreed_mask = 0;
  Uint256 provider_pay;
  Uint256 commission_each;
  Uint256 bond_at_stake;  // what is burned of the bond, as far as it reaches
  bool promotes = false;
  friend bool operator==(const SettlementResult&, const SettlementResult&) = default;
};

/// The arithmetic of Settlement.settle, to the wei.
///
/// Source: docs/settlement.md, Settling.
SettlementResult Settle(const SettlementInput& input);

}  // namespace kaisar::audit
