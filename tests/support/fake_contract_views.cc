// The views of tests/support/fake_contracts.h.

#include <algorithm>

#include "tests/support/fake_contracts.h"

namespace kaisar::testing {
namespace {

using chain::AbiDecoder;
using chain::AbiEncoder;

std::uint32_t Read32(AbiDecoder& decoder) {
  return static_cast<std::uint32_t>(decoder.Uint64(32));
}

Digest LeftAligned(const std::string& text) {
  Digest word{};
  std::copy(text.begin(), text.end(), word.begin());
  return word;
}

AbiEncoder Encode(const chain::SlotState& slot) {
  return AbiEncoder()
      .EvmAddress(slot.owner)
      .EvmAddress(slot.hot_key)
      .Bytes32(slot.tls_pin)
      .Bytes32(slot.anchor)
      .Uint(slot.anchor_epoch)
      .Uint(slot.stake)
      .Uint(slot.license)
      .Uint(slot.active_from)
      .Uint(slot.active_until)
      .Uint(slot.claimable_at)
      .Uint(slot.streak)
      .Boolean(slot.ejected);
}

AbiEncoder Encode(const chain::DeviceState& device) {
  return AbiEncoder()
      .EvmAddress(device.owner)
      .EvmAddress(device.key)
      .Bytes32(device.tls_pin)
      .DynamicBytes(ViewOf(device.endpoint))
      .Bytes32(LeftAligned(device.device_class))
      .Bytes32(LeftAligned(device.region))
      .Uint(device.down_bits_per_second)
      .Uint(device.up_bits_per_second)
      .Uint(device.weight)
      .Uint(static_cast<std::uint64_t>(device.phase))
      .Uint(device.bond)
      .Uint(device.exit_at);
}

}  // namespace

FakeContracts::Result FakeContracts::Openings(Frame& frame) {
  const auto found = openings.find(Read32(frame.arguments));
  const chain::Opening opening = found == openings.end() ? chain::Opening() : found->second;
  return AbiEncoder()
      .Bytes32(opening.beacon)
      .Uint(opening.block_number)
      .Uint(opening.timestamp_s)
      .Finish();
}

FakeContracts::Result FakeContracts::CountsFrom(Frame& frame) {
  const chain::Schedule& schedule = deployment_.schedule;
  if (frame.context.timestamp_s < schedule.genesis) return AbiEncoder().Uint(0).Finish();
  return AbiEncoder()
      .Uint((frame.context.timestamp_s - schedule.genesis) / schedule.epoch_seconds + 2)
      .Finish();
}

FakeContracts::Result FakeContracts::CountAt(Frame& frame) {
  const std::uint32_t epoch = Read32(frame.arguments);
  const auto count = std::count_if(slots.begin(), slots.end(), [&](const chain::SlotState& slot) {
    return slot.active_from <= epoch;
  });
  return AbiEncoder().Uint(static_cast<std::uint64_t>(count)).Finish();
}

FakeContracts::Result FakeContracts::Slot(Frame& frame) {
  const std::uint32_t id = Read32(frame.arguments);
  return Encode(id < slots.size() ? slots[id] : chain::SlotState()).Finish();
}

FakeContracts::Result FakeContracts::SlotPage(Frame& frame) {
  const std::uint64_t first = frame.arguments.Uint64(32);
  const std::uint64_t most = frame.arguments.Uint64(32);
  std::vector<AbiEncoder> page;
  for (std::uint64_t id = first; id < slots.size() && id < first + most; ++id) {
    page.push_back(Encode(slots[id]));
  }
  return AbiEncoder().StaticArray(page).Finish();
}

FakeContracts::Result FakeContracts::HotKeyAt(Frame& frame) {
  const std::uint32_t id = Read32(frame.arguments);
  return AbiEncoder().EvmAddress(id < slots.size() ? slots[id].hot_key : Address()).Finish();
}

FakeContracts::Result FakeContracts::SlotOf(Frame& frame) {
  const Address key = frame.arguments.EvmAddress();
  const auto found = std::find_if(slots.begin(), slots.end(),
                                  [&](const auto& slot) { return slot.hot_key == key; });
  const auto id = found == slots.end() ? 0 : found - slots.begin();
  return AbiEncoder().Boolean(found != slots.end()).Uint(static_cast<std::uint64_t>(id)).Finish();
}

FakeContracts::Result FakeContracts::DeviceCount(Frame&) {
  return AbiEncoder().Uint(devices.size()).Finish();
}

FakeContracts::Result FakeContracts::DeviceOf(Frame& frame) {
  const std::uint64_t id = frame.arguments.Uint64(24);
  if (id >= devices.size()) return absl::AbortedError("reverted: NoDevice()");
  return AbiEncoder().DynamicTuple(Encode(devices[id])).Finish();
}

FakeContracts::Result FakeContracts::DevicePage(Frame& frame) {
  const std::uint64_t first = frame.arguments.Uint64(24);
  const std::uint64_t most = frame.arguments.Uint64(24);
  std::vector<AbiEncoder> ids, states, weights, phases;
  for (std::uint64_t id = first; id < devices.size() && id < first + most; ++id) {
    const chain::DeviceState& device = devices[id];
    if (device.weight == 0) continue;
    ids.push_back(AbiEncoder().Uint(id));
    states.push_back(Encode(device));
    weights.push_back(AbiEncoder().Uint(device.weight));
    phases.push_back(AbiEncoder().Uint(static_cast<std::uint64_t>(device.phase)));
  }
  return AbiEncoder()
      .StaticArray(ids)
      .DynamicArray(states)
      .StaticArray(weights)
      .StaticArray(phases)
      .Finish();
}

FakeContracts::Result FakeContracts::DeviceAt(Frame& frame) {
  const std::uint64_t id = frame.arguments.Uint64(24);
  const chain::DeviceState device = id < devices.size() ? devices[id] : chain::DeviceState();
  return AbiEncoder().Uint(device.weight).Uint(static_cast<std::uint64_t>(device.phase)).Finish();
}

FakeContracts::Result FakeContracts::TotalWeightAt(Frame&) {
  std::uint64_t total = 0;
  for (const chain::DeviceState& device : devices) total += device.weight;
  return AbiEncoder().Uint(total).Finish();
}

FakeContracts::Result FakeContracts::ReportsOf(Frame& frame) {
  const std::uint32_t epoch = Read32(frame.arguments);
  std::vector<AbiEncoder> found;
  frame.arguments.Array(1, 1'000'000, [&](AbiDecoder& slot) {
    const auto report = reports.find({epoch, Read32(slot)});
    found.push_back(AbiEncoder().Bytes32(report == reports.end() ? Digest{} : report->second));
  });
  return AbiEncoder().StaticArray(found).Finish();
}

FakeContracts::Result FakeContracts::IsSettled(Frame& frame) {
  const std::uint32_t epoch = Read32(frame.arguments);
  const auto device = static_cast<std::uint32_t>(frame.arguments.Uint64(24));
  return AbiEncoder().Boolean(settled.count({epoch, device}) != 0).Finish();
}

FakeContracts::Result FakeContracts::AccountOf(Frame& frame) {
  const auto found = accounts.find(Read32(frame.arguments));
  const chain::SlotAccount account = found == accounts.end() ? chain::SlotAccount() : found->second;
  return AbiEncoder().Uint(account.owed).Uint(account.agreed).Uint(account.disagreed).Finish();
}

}  // namespace kaisar::testing
