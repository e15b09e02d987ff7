#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "chain/contracts.h"
#include "reporter/outbox.h"

namespace kaisar::reporter {

/// Brings about that the current epoch has a beacon. Slots take turns.
///
/// Threads: one at a time.
class EpochOpener {
 public:
  /// `contracts` must outlive it.
  EpochOpener(chain::Contracts& contracts, const Address& sender, std::uint32_t slot,
              std::uint32_t confirmations)
      : contracts_(contracts), sender_(sender), slot_(slot), confirmations_(confirmations) {}

  /// What this slot should send now to open the epoch of the newest block; null when nothing: it is
  /// open, it is another slot's turn, or this slot has no part in it.
  ///
  /// Errors: those of ChainClient.
  absl::StatusOr<std::optional<Intent>> Next(const chain::Block& latest, std::uint64_t block_ms);
  /// Whether the last Next found an epoch that this slot may have to open soon.
  bool waiting() const { return waiting_; }

 private:
  absl::StatusOr<bool> IsOpen(std::uint32_t epoch, const chain::Block& latest);
  absl::StatusOr<std::uint64_t> Turn(std::uint32_t epoch, std::uint64_t block_ms);
  absl::StatusOr<std::optional<Intent>> Prove(std::uint32_t epoch, const chain::Block& first);
  absl::StatusOr<std::optional<Intent>> Late(std::uint32_t epoch, const chain::Block& latest);
  Intent Make(Purpose purpose, std::uint32_t epoch, Bytes input) const;

  chain::Contracts& contracts_;
  const Address sender_;
  const std::uint32_t slot_;
  const std::uint32_t confirmations_;
  std::optional<std::uint32_t> open_;  // the newest epoch that is open for good
  bool waiting_ = false;
};

}  // namespace kaisar::reporter
