#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/uint256.h"
#include "chain/chain_client.h"
#include "reporter/epoch_gas.h"

namespace kaisar::reporter {

/// Epochs of so much gas that a balance lasts at a gas price, rounded down; 2^64 - 1 when gas costs
/// nothing.
std::uint64_t EpochsLeft(const Uint256& balance, const Uint256& gas_price, std::uint64_t epoch_gas);

/// Looks at a hot key's balance every ten minutes.
///
/// Threads: one at a time.
class BalanceWatch {
 public:
  BalanceWatch(const Address& account, const Uint256& low) : account_(account), low_(low) {}

  /// So many devices are in an epoch's report.
  void Expect(std::uint64_t devices) { epoch_gas_ = EpochGas(devices); }
  /// What to tell the operator; empty when there is enough or it was looked at shortly before.
  ///
  /// Errors: those of ChainClient.
  absl::StatusOr<std::string> Look(chain::ChainClient& client, const chain::Block& latest,
                                   std::uint64_t wall_ms);
  /// Whether there was too little when it was last looked at; so it is before the first time.
  bool low() const { return low_now_; }

 private:
  const Address account_;
  const Uint256 low_;
  std::uint64_t epoch_gas_ = EpochGas(kDevicesBeforeReports);
  bool low_now_ = true;
  std::uint64_t next_ms_ = 0;
};

}  // namespace kaisar::reporter
