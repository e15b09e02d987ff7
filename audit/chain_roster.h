#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "chain/contracts.h"
#include "challenges/policy.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::audit {

/// A device of the chain as it stands in a roster, with `muster` unset.
///
/// Errors: InvalidArgument with the field, its value and what was expected: anybody can register a
///         device of a class that the policy lacks, or with an endpoint that is none.
absl::StatusOr<v1::Device> RosterDevice(const chain::DeviceState& device,
                                        const challenges::Policy& policy);

/// A slot of the chain as it stands in a roster; `hot_key` is the one of the epoch.
v1::Slot RosterSlot(std::uint32_t id, const chain::SlotState& state, const Address& hot_key);

/// The devices that a slot checks in an epoch.
struct CommitteeDevices {
  std::vector<v1::Device> devices;  // ascending ids; those mustered by this slot say so
  std::set<std::uint32_t> members;  // slots that check any of them, this one included
  /// Devices of ours that nobody can be asked to check, and why. Printable.
  std::map<std::uint32_t, std::string> left_out;
};

/// Picks from all devices of an epoch those whose committee holds `slot`. `slots` is the number of
/// slots that committees are drawn from.
///
/// Cost: some 8 hashes a device: 10^6 devices in about 4 s.
CommitteeDevices FindCommitteeDevices(const std::vector<chain::DeviceState>& all,
                                      const Digest& beacon, std::uint32_t slots, std::uint32_t slot,
                                      const challenges::Policy& policy);

}  // namespace kaisar::audit
