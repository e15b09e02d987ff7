#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "chain/contracts.h"
#include "provider/admission.h"
#include "provider/own_device.h"
#include "provider/served_epochs.h"

namespace kaisar::provider {

/// Learns from the chain who may check the own devices, and tells Admission. Logs what changes:
/// epochs, committees, phases, and a chain that cannot be read.
///
/// Threads: one at a time.
class ChainFollower {
 public:
  /// `contracts`, `admission` and `clock` outlive it.
  ChainFollower(chain::Contracts& contracts, std::vector<OwnDevice> devices, Admission& admission,
                const Clock& clock);

  /// One round: asks for the newest block; for a new epoch, and again once every while (a TLS key
  /// may be replaced at any time), for the opening, the devices and the members of their
  /// committees. Whatever comes of it, Admission gets what is served now.
  ///
  /// Errors: those of chain::Contracts. What was known before stays known.
  /// Cost:   one request, and two a committee member when it looks at everything again.
  absl::Status Poll();

  /// The own devices as the chain was last seen to have them.
  const std::vector<OwnDevice>& devices() const { return devices_; }

  /// The timestamp of the newest block that was seen; 0: none was.
  std::uint64_t block_s() const { return chain_s_; }

  /// When to poll again: after `poll_ms`, but soon after an epoch's begin, and every half second
  /// for a while then until it is opened: its checkers begin at once.
  std::uint32_t RestMs(std::uint32_t poll_ms) const;

 private:
  absl::Status Read();
  absl::Status ReadEpoch(std::uint32_t epoch);
  /// Whether a customer had the device in the block that opened the epoch: checkers look there.
  absl::StatusOr<bool> WasInServiceAt(std::uint64_t block_number, std::uint32_t device);
  absl::StatusOr<std::map<std::uint32_t, chain::SlotState>> ReadMembers(const EpochView& view);
  absl::Status ReadDevice(OwnDevice& device);
  void Serve();
  void Tell(const absl::Status& status);

  chain::Contracts& contracts_;
  std::vector<OwnDevice> devices_;
  Admission& admission_;
  const Clock& clock_;
  const chain::Schedule& schedule_;
  std::uint64_t chain_s_ = 0;     // of the newest block that was seen
  std::uint64_t refresh_ns_ = 0;  // when everything is looked at again
  std::map<std::uint32_t, std::vector<ServedSlot>> epochs_;
  std::optional<std::uint32_t> unopened_;  // the epoch that was told to be so
  std::vector<ServedSlot> served_;
  std::uint64_t failing_since_ns_ = 0;  // 0: the chain answers
  std::uint64_t next_warning_ns_ = 0;
};

}  // namespace kaisar::provider
