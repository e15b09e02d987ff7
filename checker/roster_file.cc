#include "checker/roster_file.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/yaml_reader.h"
#include "challenges/limits.h"
#include "challenges/roster.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kMostRosterBytes = 64 << 20;
constexpr std::uint64_t kMostEpochSeconds = 30 * 86'400;   // so that due times fit 32 bits of ms
constexpr std::uint64_t kMostUnixMs = 32'503'680'000'000;  // the year 3000
constexpr std::size_t kMostNameBytes = 64;

std::uint32_t ReadId(YamlReader& entry, std::uint32_t most, std::set<std::uint32_t>& seen) {
  const auto id = static_cast<std::uint32_t>(entry.Uint("id", 0, most));
  if (!seen.insert(id).second) {
    entry.Fail("id", absl::StrCat("is ", id, ", expected an id that no entry above has"));
  }
  return id;
}

v1::Slot ReadSlot(YamlReader& entry, std::set<std::uint32_t>& seen) {
  v1::Slot slot;
  slot.set_id(ReadId(entry, UINT32_MAX, seen));
  slot.set_key(ToString(entry.EvmAddress("address")));
  slot.set_tls_pin(ToString(entry.Bytes32("tls_pin")));
  slot.set_anchor(ToString(entry.Bytes32("anchor")));
  slot.set_anchor_epoch(static_cast<std::uint32_t>(entry.Uint("anchor_epoch", 0, UINT32_MAX)));
  return slot;
}

v1::Device ReadDevice(YamlReader& entry, std::set<std::uint32_t>& seen) {
  static constexpr v1::Phase kPhases[] = {v1::REGISTERING, v1::STANDBY, v1::IN_SERVICE};
  v1::Device device;
  device.set_id(ReadId(entry, challenges::kMostDeviceId, seen));
  device.set_owner(ToString(entry.EvmAddress("owner")));
  device.set_key(ToString(entry.EvmAddress("key")));
  device.set_tls_pin(ToString(entry.Bytes32("tls_pin")));
  device.set_endpoint(entry.HostPort("endpoint"));
  device.set_device_class(entry.Text("class", kMostNameBytes));
  device.set_region(entry.Text("region", kMostNameBytes));
  device.set_phase(kPhases[entry.Choice("phase", {"REGISTERING", "STANDBY", "IN_SERVICE"})]);
  device.set_ops_per_second(entry.Uint("ops_per_second", 1, challenges::kMostClaim));
  device.set_down_bits_per_second(entry.Uint("down_bits_per_second", 1, challenges::kMostClaim));
  device.set_up_bits_per_second(entry.Uint("up_bits_per_second", 1, challenges::kMostClaim));
  return device;
}

template <typename Entries>
void SortById(Entries& entries) {
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.id() < b.id(); });
}

EpochGrid ReadGrid(YamlReader& network) {
  EpochGrid grid;
  grid.genesis_ms = network.Uint("genesis_ms", 1, kMostUnixMs);
  grid.epoch_ms = network.Uint("epoch_seconds", 1, kMostEpochSeconds) * 1000;
  return grid;
}

}  // namespace

absl::StatusOr<RosterFile> ParseRosterFile(const std::string& file, const std::string& yaml) {
  ASSIGN_OR_RETURN(YamlReader root, YamlReader::Parse(file, yaml));
  RosterFile result;
  YamlReader network = root.Map("network");
  result.roster.set_chain_id(network.Uint("chain_id", 1, UINT64_MAX));
  result.roster.set_contract(ToString(Address{}));
  result.grid = ReadGrid(network);
  RETURN_IF_ERROR(network.Finish());
  result.roster.set_muster(root.BoolOr("muster", false));

  std::set<std::uint32_t> slots;
  for (YamlReader& entry : root.Maps("slots")) {
    *result.roster.add_slots() = ReadSlot(entry, slots);
    RETURN_IF_ERROR(entry.Finish());
  }
  std::set<std::uint32_t> devices;
  for (YamlReader& entry : root.Maps("devices")) {
    v1::Device& device = *result.roster.add_devices();
    device = ReadDevice(entry, devices);
    if (entry.Has("name")) result.names[device.id()] = entry.Text("name", kMostNameBytes);
    RETURN_IF_ERROR(entry.Finish());
  }
  RETURN_IF_ERROR(root.Finish());
  SortById(*result.roster.mutable_slots());
  SortById(*result.roster.mutable_devices());
  return result;
}

absl::StatusOr<RosterFile> ReadRosterFile(const std::string& path, const challenges::Policy& policy,
                                          std::uint32_t slot) {
  ASSIGN_OR_RETURN(const std::string yaml, ReadFile(path, kMostRosterBytes));
  ASSIGN_OR_RETURN(RosterFile result, ParseRosterFile(path, yaml));
  if (absl::Status status = challenges::ValidateRoster(result.roster, policy, slot); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
  }
  return result;
}

}  // namespace kaisar::checker
