#include "audit/chain_roster.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/endpoint.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "chain/committee.h"
#include "challenges/limits.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

constexpr std::uint64_t kOperationsPerWeight = 1'000'000'000;
constexpr std::size_t kMostReasonBytes = 200;

absl::StatusOr<v1::Phase> PhaseOf(chain::Phase phase) {
  switch (phase) {
    case chain::Phase::kRegistering:
      return v1::REGISTERING;
    case chain::Phase::kStandby:
      return v1::STANDBY;
    case chain::Phase::kInService:
      return v1::IN_SERVICE;
    case chain::Phase::kNone:
      break;
  }
  return absl::InvalidArgumentError("phase is NONE, expected one that is checked");
}

absl::Status CheckClaim(absl::string_view field, std::uint64_t claim) {
  if (claim <= challenges::kMostClaim) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", claim, ", expected at most ", challenges::kMostClaim));
}

absl::Status CheckPrintable(absl::string_view field, const std::string& text) {
  if (text == Printable(text, text.size())) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is not printable ASCII"));
}

}  // namespace

absl::StatusOr<v1::Device> RosterDevice(const chain::DeviceState& state,
                                        const challenges::Policy& policy) {
  v1::Device device;
  device.set_id(state.id);
  device.set_owner(ToString(state.owner));
  device.set_key(ToString(state.key));
  device.set_tls_pin(ToString(state.tls_pin));
  ASSIGN_OR_RETURN(const v1::Phase phase, PhaseOf(state.phase));
  device.set_phase(phase);
  RETURN_IF_ERROR(ParseEndpoint(state.endpoint).status());
  device.set_endpoint(state.endpoint);
  // Texts of a record must be UTF-8, and are printed.
  RETURN_IF_ERROR(CheckPrintable("class", state.device_class));
  device.set_device_class(state.device_class);
  RETURN_IF_ERROR(CheckPrintable("region", state.region));
  device.set_region(state.region);
  device.set_ops_per_second(state.weight * kOperationsPerWeight);
  device.set_down_bits_per_second(state.down_bits_per_second);
  device.set_up_bits_per_second(state.up_bits_per_second);
  RETURN_IF_ERROR(CheckClaim("ops_per_second", device.ops_per_second()));
  RETURN_IF_ERROR(CheckClaim("down_bits_per_second", device.down_bits_per_second()));
  RETURN_IF_ERROR(CheckClaim("up_bits_per_second", device.up_bits_per_second()));
  RETURN_IF_ERROR(challenges::ValidateDevice(device, policy));
  return device;
}

v1::Slot RosterSlot(std::uint32_t id, const chain::SlotState& state, const Address& hot_key) {
  v1::Slot slot;
  slot.set_id(id);
  slot.set_key(ToString(hot_key));
  slot.set_tls_pin(ToString(state.tls_pin));
  slot.set_anchor(ToString(state.anchor));
  slot.set_anchor_epoch(state.anchor_epoch);
  return slot;
}

CommitteeDevices FindCommitteeDevices(const std::vector<chain::DeviceState>& all,
                                      const Digest& beacon, std::uint32_t slots, std::uint32_t slot,
                                      const challenges::Policy& policy) {
  CommitteeDevices found;
  found.members.insert(slot);
  for (const chain::DeviceState& state : all) {
    const std::vector<std::uint32_t> committee = chain::Committee(beacon, state.id, slots);
    if (std::find(committee.begin(), committee.end(), slot) == committee.end()) continue;
    auto device = RosterDevice(state, policy);
    if (!device.ok()) {
      found.left_out[state.id] = Printable(device.status().message(), kMostReasonBytes);
      continue;
    }
    device->set_muster(committee.front() == slot);
    found.devices.push_back(*std::move(device));
    found.members.insert(committee.begin(), committee.end());
  }
  return found;
}

}  // namespace kaisar::audit
