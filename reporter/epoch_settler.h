#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/report_tree.h"
#include "chain/contracts.h"
#include "reporter/outbox.h"

namespace kaisar::reporter {

/// Settles the devices of one epoch whose committee holds this slot: those that it leads first, the
/// others when their earlier members had time to do it. What others settled is skipped; a batch
/// that would revert is split until the device that cannot be settled stands alone.
///
/// Threads: one at a time.
/// Errors:  those of ChainClient; Unavailable when events and state do not agree (an endpoint is
///          behind).
class EpochSettler {
 public:
  /// `contracts` must outlive it; `batch` is the most devices of a transaction.
  EpochSettler(chain::Contracts& contracts, std::uint32_t epoch, std::uint32_t slot,
               std::uint32_t batch, std::uint32_t confirmations);

  /// Learns what is settled by now. To be called with each new block, before the others.
  absl::Status Update(const chain::Block& latest);

  /// The transaction to send now; null when none is due.
  absl::StatusOr<std::optional<Intent>> Next(const chain::Block& latest, std::uint64_t block_ms);
  /// The chain would not take the last Next's transaction: the next one is smaller.
  void Refused(const absl::Status& why);
  void Accepted();

  /// Whether all is settled deep enough, but for devices that cannot be.
  bool done() const;
  /// Devices that cannot be settled, and why; empty when there are none.
  std::string Stuck() const;

 private:
  struct Duty {
    std::uint32_t device = 0;
    std::vector<std::uint32_t> committee;
  };

  absl::Status Load(const chain::Block& latest);
  absl::Status LoadReports(const std::set<std::uint32_t>& members, const chain::Block& latest);
  absl::StatusOr<std::map<std::uint32_t, audit::ReportTree>> FindTrees(const chain::Block& latest);

  chain::Contracts& contracts_;
  const std::uint32_t epoch_;
  const std::uint32_t slot_;
  const std::uint32_t batch_;
  const std::uint32_t confirmations_;

  bool loaded_ = false;
  std::map<std::uint32_t, std::vector<Duty>> duties_;  // by our place in the committee
  std::map<std::uint32_t, audit::ReportTree> trees_;   // of the members that revealed
  std::map<std::uint32_t, std::uint64_t> settled_;     // device: block
  std::map<std::uint32_t, std::uint32_t> refusals_;    // device: times refused alone
  std::map<std::uint32_t, std::string> stuck_;         // device: why
  std::vector<std::uint32_t> last_;                    // devices of the last Next
  std::uint64_t settle_block_ = 0;                     // the window's first
  std::uint64_t seen_block_ = 0;                       // of the last Update
  std::size_t most_ = 0;                               // devices of the next transaction
};

}  // namespace kaisar::reporter
