// What chain/contracts.h reads of the Devices contract.
#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "chain/abi.h"
#include "chain/contracts.h"
#include "chain/decode_view.h"

namespace kaisar::chain {
namespace {

constexpr std::size_t kMostEndpointBytes = 255;

std::uint32_t ReadUint32(AbiDecoder& decoder) {
  return static_cast<std::uint32_t>(decoder.Uint64(32));
}

std::uint32_t ReadId(AbiDecoder& decoder) {
  return static_cast<std::uint32_t>(decoder.Uint64(24));
}

/// What is no phase comes out as kNone, which no device with weight has.
Phase ReadPhase(AbiDecoder& decoder) {
  const std::uint64_t value = decoder.Uint64(8);
  return value <= static_cast<std::uint64_t>(Phase::kInService) ? static_cast<Phase>(value)
                                                                : Phase::kNone;
}

/// ASCII, left-aligned in a word.
std::string ReadName(AbiDecoder& decoder) {
  const Digest word = decoder.Bytes32();
  return std::string(word.begin(), std::find(word.begin(), word.end(), 0));
}

DeviceState ReadDevice(AbiDecoder& decoder) {
  DeviceState device;
  device.owner = decoder.EvmAddress();
  device.key = decoder.EvmAddress();
  device.tls_pin = decoder.Bytes32();
  device.endpoint = ToString(decoder.DynamicBytes(kMostEndpointBytes));
  device.device_class = ReadName(decoder);
  device.region = ReadName(decoder);
  device.down_bits_per_second = decoder.Uint64();
  device.up_bits_per_second = decoder.Uint64();
  device.weight = ReadUint32(decoder);
  device.phase = ReadPhase(decoder);
  device.bond = decoder.Uint(128);
  device.exit_at = decoder.Uint64();
  return device;
}

struct Page {
  std::vector<std::uint32_t> ids;
  std::vector<DeviceState> devices;
  std::vector<std::uint32_t> weights;
  std::vector<Phase> phases;
};

Page ReadPage(AbiDecoder& decoder) {
  Page page;
  decoder.Array(1, kMostPerPage, [&](AbiDecoder& id) { page.ids.push_back(ReadId(id)); });
  decoder.Array(0, kMostPerPage,
                [&](AbiDecoder& device) { page.devices.push_back(ReadDevice(device)); });
  decoder.Array(1, kMostPerPage,
                [&](AbiDecoder& weight) { page.weights.push_back(ReadUint32(weight)); });
  decoder.Array(1, kMostPerPage,
                [&](AbiDecoder& phase) { page.phases.push_back(ReadPhase(phase)); });
  return page;
}

/// Appends a page, its weights and phases in the place of the newest ones.
absl::Status AppendPage(Page page, std::vector<DeviceState>& to) {
  const std::size_t count = page.ids.size();
  if (page.devices.size() != count || page.weights.size() != count || page.phases.size() != count) {
    return absl::UnavailableError(
        absl::StrCat("page returned ", count, " ids, ", page.devices.size(), " devices, ",
                     page.weights.size(), " weights and ", page.phases.size(), " phases"));
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!to.empty() && page.ids[i] <= to.back().id) {
      return absl::UnavailableError(
          absl::StrCat("page returned device ", page.ids[i], " after device ", to.back().id));
    }
    DeviceState& device = page.devices[i];
    device.id = page.ids[i];
    device.weight = page.weights[i];
    device.phase = page.phases[i];
    to.push_back(std::move(device));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::uint32_t> Contracts::DeviceCount(At at) {
  ASSIGN_OR_RETURN(const Bytes bytes,
                   View(deployment_.devices, EncodeCall("count()", AbiEncoder()), at));
  return DecodeView("count", bytes, ReadId);
}

absl::StatusOr<DeviceState> Contracts::Device(std::uint32_t id, At at) {
  ASSIGN_OR_RETURN(
      const Bytes bytes,
      View(deployment_.devices, EncodeCall("device(uint24)", AbiEncoder().Uint(id)), at));
  ASSIGN_OR_RETURN(DeviceState device,
                   DecodeView("device", AbiDecoder(bytes).DynamicTuple(), ReadDevice));
  device.id = id;
  return device;
}

absl::StatusOr<std::vector<DeviceState>> Contracts::DevicesOf(std::uint32_t epoch, At at) {
  ASSIGN_OR_RETURN(const std::uint32_t count, DeviceCount(at));
  std::vector<DeviceState> devices;
  for (std::uint32_t first = 0; first < count; first += kMostPerPage) {
    ASSIGN_OR_RETURN(const Bytes bytes,
                     View(deployment_.devices,
                          EncodeCall("page(uint24,uint24,uint32)",
                                     AbiEncoder().Uint(first).Uint(kMostPerPage).Uint(epoch)),
                          at));
    ASSIGN_OR_RETURN(Page page, DecodeView("page", bytes, ReadPage));
    RETURN_IF_ERROR(AppendPage(std::move(page), devices));
  }
  return devices;
}

absl::StatusOr<DeviceState> Contracts::DeviceAt(std::uint32_t id, std::uint32_t epoch, At at) {
  ASSIGN_OR_RETURN(DeviceState device, Device(id, at));
  ASSIGN_OR_RETURN(const Bytes bytes,
                   View(deployment_.devices,
                        EncodeCall("at(uint24,uint32)", AbiEncoder().Uint(id).Uint(epoch)), at));
  ASSIGN_OR_RETURN(const auto terms, DecodeView("at", bytes, [](AbiDecoder& decoder) {
                     const std::uint32_t weight = ReadUint32(decoder);
                     return std::pair(weight, ReadPhase(decoder));
                   }));
  device.weight = terms.first;
  device.phase = terms.second;
  return device;
}

absl::StatusOr<std::uint64_t> Contracts::TotalWeightAt(std::uint32_t epoch, At at) {
  ASSIGN_OR_RETURN(
      const Bytes bytes,
      View(deployment_.devices, EncodeCall("totalWeightAt(uint32)", AbiEncoder().Uint(epoch)), at));
  return DecodeView("totalWeightAt", bytes, [](AbiDecoder& decoder) { return decoder.Uint64(); });
}

absl::StatusOr<bool> Contracts::WasInService(std::uint32_t id, std::uint32_t epoch, At at) {
  ASSIGN_OR_RETURN(
      const Bytes bytes,
      View(deployment_.devices,
           EncodeCall("wasInService(uint24,uint32)", AbiEncoder().Uint(id).Uint(epoch)), at));
  return DecodeView("wasInService", bytes, [](AbiDecoder& decoder) { return decoder.Boolean(); });
}

absl::StatusOr<Uint256> Contracts::BondPerWeight(At at) {
  ASSIGN_OR_RETURN(const Bytes bytes,
                   View(deployment_.devices, EncodeCall("bondPerWeight()", AbiEncoder()), at));
  return DecodeView("bondPerWeight", bytes, [](AbiDecoder& decoder) { return decoder.Uint(128); });
}

}  // namespace kaisar::chain
