#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "chain/committee.h"
#include "chain/events.h"
#include "chain/phase_name.h"
#include "nlohmann/json.hpp"
#include "provider/gpu_figures.h"
#include "provider/key_files.h"
#include "provider/owner_commands.h"

namespace kaisar::provider {
namespace {

constexpr unsigned kMostScore = 200;  // docs/protocol.md, Score

/// How an epoch was settled for a device; null: not yet, or not at all.
struct SettledEpoch {
  std::uint32_t epoch = 0;
  std::optional<chain::SettledEvent> settled;
};

struct DeviceStatus {
  chain::DeviceState state;
  std::vector<SettledEpoch> epochs;  // the newest first
  std::string gpu;                   // what computes here; empty where that is not known
  std::string key_note;              // what is wrong with the key here; empty: nothing is known
};

/// The last epochs whose settling has begun, the newest first.
std::vector<std::uint32_t> LastEpochs(const chain::Schedule& schedule, std::uint64_t now_s,
                                      std::uint32_t most) {
  std::vector<std::uint32_t> epochs;
  if (now_s < schedule.genesis) return epochs;
  const auto current =
      static_cast<std::uint32_t>((now_s - schedule.genesis) / schedule.epoch_seconds);
  for (std::uint32_t e = current; e-- > 0 && epochs.size() < most;) {
    if (now_s >= schedule.settle_begin(e)) epochs.push_back(e);
  }
  return epochs;
}

/// A block before which nothing of the epoch can be settled.
absl::StatusOr<std::uint64_t> FirstBlock(ChainAccess& access, std::uint32_t epoch) {
  ASSIGN_OR_RETURN(const std::optional<chain::Opening> opening,
                   access.contracts().FindOpening(epoch));
  return opening.has_value() ? opening->block_number : access.deployment().block;
}

absl::StatusOr<DeviceStatus> ReadStatus(ChainAccess& access, std::uint32_t device,
                                        const std::vector<std::uint32_t>& epochs,
                                        const chain::Block& latest) {
  DeviceStatus status;
  ASSIGN_OR_RETURN(status.state, access.contracts().Device(device));
  status.state.id = device;
  if (epochs.empty()) return status;
  chain::LogFilter filter;
  filter.address = access.deployment().settlement;
  filter.topics = {chain::SettledTopic(), std::nullopt, chain::TopicOf(device)};
  ASSIGN_OR_RETURN(filter.from_block, FirstBlock(access, epochs.back()));
  filter.to_block = latest.number;
  ASSIGN_OR_RETURN(const std::vector<chain::LogEntry> entries, access.client().Logs(filter));
  std::map<std::uint32_t, chain::SettledEvent> settled;
  for (const chain::LogEntry& entry : entries) {
    ASSIGN_OR_RETURN(const chain::SettledEvent event, chain::ParseSettled(entry));
    settled.emplace(event.epoch, event);
  }
  for (const std::uint32_t epoch : epochs) {
    const auto found = settled.find(epoch);
    status.epochs.push_back({epoch, found == settled.end()
                                        ? std::nullopt
                                        : std::optional<chain::SettledEvent>(found->second)});
  }
  return status;
}

std::string Told(const SettledEpoch& epoch) {
  if (!epoch.settled.has_value()) return "not settled";
  const chain::SettledEvent& event = *epoch.settled;
  if (event.median == chain::kNoMedian) return "no quorum of checkers, nothing paid";
  return absl::StrCat("median ", event.median, " of ", kMostScore, ", paid ",
                      FormatEther(event.provider_pay), " KAI");
}

/// What the owner can do about the state of a device; empty when there is nothing.
std::string Advice(const DeviceStatus& status, const Uint256& bond_per_weight) {
  const chain::DeviceState& state = status.state;
  if (state.exit_at != 0) return "its exit was asked for; `deregister` again claims the bond";
  if (state.phase == chain::Phase::kRegistering) {
    return "it earns from the second epoch after the first one that is settled with a median "
           "above 0";
  }
  const auto last = std::find_if(status.epochs.begin(), status.epochs.end(),
                                 [](const SettledEpoch& e) { return e.settled.has_value(); });
  if (last != status.epochs.end() && last->settled->median == 0) {
    return "its last settled epoch has a median of 0, which also burns bond: is the provider "
           "running, and its port open at the endpoint?";
  }
  if (state.bond < bond_per_weight * state.weight) {
    return "its bond is below what its weight asks for: some of it was burned, or the rate rose";
  }
  return "";
}

std::vector<std::string> Notes(const DeviceStatus& device, const Uint256& bond_per_weight) {
  std::vector<std::string> notes = {device.key_note, Advice(device, bond_per_weight)};
  std::erase(notes, "");
  return notes;
}

void PrintText(const std::vector<DeviceStatus>& devices, const std::map<Address, Uint256>& earned,
               const Uint256& bond_per_weight, std::ostream& out) {
  for (const DeviceStatus& device : devices) {
    const chain::DeviceState& state = device.state;
    out << "device " << state.id << ": " << chain::NameOf(state.phase) << ", weight "
        << state.weight << " (Gop/s), bond " << FormatEther(state.bond) << " KAI, at "
        << state.endpoint << "\n";
    for (const SettledEpoch& epoch : device.epochs) {
      out << "  epoch " << epoch.epoch << ": " << Told(epoch) << "\n";
    }
    if (!device.gpu.empty()) out << "  gpu " << device.gpu << "\n";
    for (const std::string& note : Notes(device, bond_per_weight)) {
      out << "  note: " << note << "\n";
    }
  }
  for (const auto& [owner, amount] : earned) {
    out << "owner 0x" << ToHex(owner) << ": " << FormatEther(amount)
        << " KAI earned and not withdrawn\n";
  }
}

void PrintJson(const std::vector<DeviceStatus>& devices, const std::map<Address, Uint256>& earned,
               const Uint256& bond_per_weight, std::ostream& out) {
  nlohmann::json root = {{"devices", nlohmann::json::array()},
                         {"earned", nlohmann::json::object()}};
  for (const DeviceStatus& device : devices) {
    const chain::DeviceState& state = device.state;
    nlohmann::json entry = {{"device", state.id},
                            {"owner", ToPrefixedHex(state.owner)},
                            {"phase", chain::NameOf(state.phase)},
                            {"weight", state.weight},
                            {"bond_wei", state.bond.ToDecimal()},
                            {"endpoint", state.endpoint},
                            {"exit_at", state.exit_at},
                            {"key", ToPrefixedHex(state.key)},
                            {"note", absl::StrJoin(Notes(device, bond_per_weight), "; ")},
                            {"epochs", nlohmann::json::array()}};
    if (!device.gpu.empty()) entry["gpu"] = device.gpu;
    for (const SettledEpoch& epoch : device.epochs) {
      nlohmann::json line = {{"epoch", epoch.epoch}, {"settled", epoch.settled.has_value()}};
      if (epoch.settled.has_value()) {
        const bool quorum = epoch.settled->median != chain::kNoMedian;
        line["median"] = quorum ? nlohmann::json(epoch.settled->median) : nlohmann::json();
        line["paid_wei"] = epoch.settled->provider_pay.ToDecimal();
      }
      entry["epochs"].push_back(std::move(line));
    }
    root["devices"].push_back(std::move(entry));
  }
  for (const auto& [owner, amount] : earned) {
    root["earned"][ToPrefixedHex(owner)] = amount.ToDecimal();
  }
  out << root.dump() << "\n";
}

/// Devices, each with what the config gives it; nothing without one.
absl::StatusOr<std::map<std::uint32_t, DeviceConfig>> DevicesToShow(const StatusOptions& options) {
  std::map<std::uint32_t, DeviceConfig> devices;
  for (const std::uint32_t id : options.devices) devices[id] = {};
  if (!options.chain.config.empty()) {
    ASSIGN_OR_RETURN(const ProviderConfig config, ReadProviderConfig(options.chain.config));
    for (const DeviceConfig& device : config.devices) {
      if (options.devices.empty() || devices.contains(device.id)) devices[device.id] = device;
    }
  }
  if (!devices.empty()) return devices;
  return absl::InvalidArgumentError("which devices? give --device, or --config that names them");
}

/// What the driver says of a GPU; no more than its name in the config where it says nothing.
std::string GpuLine(const std::string& gpu) {
  if (gpu.empty() || gpu == "any") return gpu;
  const auto reader = kernels::GpuInformationReader::Open();
  if (!reader.ok()) return gpu;
  const auto read = (*reader)->Read(gpu);
  if (!read.ok()) return absl::StrCat(gpu, ": ", read.status().message());
  std::string line = absl::StrCat(gpu, ": ", read->name);
  for (const std::string& part : {EccLine(*read), StateLine(*read)}) {
    if (!part.empty()) absl::StrAppend(&line, ", ", part);
  }
  return line;
}

/// Whether the device's keystore is the one that it was registered with.
std::string KeyNote(const std::string& keystore, const Address& registered) {
  if (keystore.empty()) return "";
  const absl::StatusOr<Address> here = ReadKeystoreAddress(keystore);
  if (!here.ok()) {
    return absl::StrCat("its key was not compared with the chain's: ", here.status().message());
  }
  if (*here == registered) return "";
  return absl::StrCat(keystore, " has the key ", ToPrefixedHex(*here),
                      ", but it is registered with ", ToPrefixedHex(registered),
                      ": all that it answers fails, and its bond burns. Give it the keystore that "
                      "it was registered with (devices[].keystore), and restart the provider");
}

}  // namespace

absl::Status ShowStatus(const StatusOptions& options, std::ostream& out) {
  ASSIGN_OR_RETURN(const auto shown, DevicesToShow(options));
  ASSIGN_OR_RETURN(const ChainConfig config, FindChain(options.chain));
  ASSIGN_OR_RETURN(const auto access, OpenChain(config, RealClock()));
  ASSIGN_OR_RETURN(const chain::Block latest, access->client().Latest());
  ASSIGN_OR_RETURN(const Uint256 bond_per_weight, access->contracts().BondPerWeight());
  const std::vector<std::uint32_t> epochs =
      LastEpochs(access->deployment().schedule, latest.timestamp_s, options.epochs);
  std::vector<DeviceStatus> devices;
  std::map<Address, Uint256> earned;
  for (const auto& [id, configured] : shown) {
    ASSIGN_OR_RETURN(DeviceStatus status, ReadStatus(*access, id, epochs, latest));
    if (!earned.contains(status.state.owner)) {
      ASSIGN_OR_RETURN(earned[status.state.owner], access->contracts().Earned(status.state.owner));
    }
    status.gpu = GpuLine(configured.gpu);
    status.key_note = KeyNote(configured.keystore, status.state.key);
    devices.push_back(std::move(status));
  }
  (options.json ? PrintJson : PrintText)(devices, earned, bond_per_weight, out);
  return absl::OkStatus();
}

}  // namespace kaisar::provider
