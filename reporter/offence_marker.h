#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "chain/contracts.h"
#include "reporter/outbox.h"

namespace kaisar::reporter {

/// Shows the chain which other slots owe it a report: those that committed to nothing, and those
/// that did not reveal what they had committed to. The contract slashes them and gives a tenth to
/// the account that showed it. Slots take turns, another one first for each offence. Only the
/// newest epoch whose window is over is looked at; who was down leaves the others to the others. A
/// slot without a duty in that epoch marks nothing, and nobody does once marks bring nothing, as
/// when the most that may be slashed in a week was.
///
/// Threads: one at a time.
/// Source:  docs/settlement.md, Penalties.
class OffenceMarker {
 public:
  /// `contracts` must outlive it. `sender` pays, and is paid.
  OffenceMarker(chain::Contracts& contracts, const Address& sender, std::uint32_t slot)
      : contracts_(contracts), sender_(sender), slot_(slot) {}

  /// What this slot should send now; null when nothing.
  ///
  /// Errors: those of ChainClient.
  absl::StatusOr<std::optional<Intent>> Next(const chain::Block& latest, std::uint64_t block_ms);
  /// Whether the last Next knew of offences.
  bool waiting() const { return !missed_.slots.empty() || !unrevealed_.slots.empty(); }

 private:
  /// Who is to be marked of the newest epoch that can be.
  struct Watched {
    Purpose purpose;
    std::optional<std::uint32_t> epoch;  // null: none was looked at yet
    std::uint32_t slot_count = 0;        // of the epoch, N_e
    std::vector<std::uint32_t> slots;    // offenders that are not marked yet, ascending
  };

  absl::StatusOr<std::optional<Intent>> NextOf(Watched& watched, std::uint64_t window_seconds,
                                               const chain::Block& latest, std::uint64_t block_ms);
  absl::Status Load(Watched& watched, std::uint32_t epoch);
  bool BringsNothing(const chain::Block& latest);
  Intent Make(Purpose purpose, std::uint32_t epoch, std::uint32_t offender) const;

  chain::Contracts& contracts_;
  const Address sender_;
  const std::uint32_t slot_;
  Watched missed_{Purpose::kMarkMissed, {}, 0, {}};
  Watched unrevealed_{Purpose::kMarkUnrevealed, {}, 0, {}};
};

}  // namespace kaisar::reporter
