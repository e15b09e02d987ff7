// What chain/contracts.h reads of the Slots contract.
#include <utility>

#include "base/status_macros.h"
#include "chain/abi.h"
#include "chain/contracts.h"
#include "chain/decode_view.h"

namespace kaisar::chain {
namespace {

constexpr std::size_t kSlotWords = 12;

std::uint32_t ReadUint32(AbiDecoder& decoder) {
  return static_cast<std::uint32_t>(decoder.Uint64(32));
}

SlotState ReadSlot(AbiDecoder& decoder) {
  SlotState slot;
  slot.owner = decoder.EvmAddress();
  slot.hot_key = decoder.EvmAddress();
  slot.tls_pin = decoder.Bytes32();
  slot.anchor = decoder.Bytes32();
  slot.anchor_epoch = ReadUint32(decoder);
  slot.stake = decoder.Uint(128);
  slot.license = decoder.Uint();
  slot.active_from = ReadUint32(decoder);
  slot.active_until = ReadUint32(decoder);
  slot.claimable_at = decoder.Uint64();
  slot.streak = ReadUint32(decoder);
  slot.ejected = decoder.Boolean();
  return slot;
}

}  // namespace

absl::StatusOr<std::uint32_t> Contracts::SlotCountAt(std::uint32_t epoch, At at) {
  ASSIGN_OR_RETURN(
      const Bytes bytes,
      View(deployment_.slots, EncodeCall("countAt(uint32)", AbiEncoder().Uint(epoch)), at));
  return DecodeView("countAt", bytes, ReadUint32);
}

absl::StatusOr<SlotState> Contracts::Slot(std::uint32_t id, At at) {
  ASSIGN_OR_RETURN(const Bytes bytes,
                   View(deployment_.slots, EncodeCall("slot(uint32)", AbiEncoder().Uint(id)), at));
  return DecodeView("slot", bytes, ReadSlot);
}

absl::StatusOr<std::vector<SlotState>> Contracts::Slots(At at) {
  std::vector<SlotState> slots;
  while (true) {
    const auto first = static_cast<std::uint32_t>(slots.size());
    ASSIGN_OR_RETURN(
        const Bytes bytes,
        View(deployment_.slots,
             EncodeCall("page(uint32,uint32)", AbiEncoder().Uint(first).Uint(kMostPerPage)), at));
    ASSIGN_OR_RETURN(
        std::vector<SlotState> page, DecodeView("page", bytes, [](AbiDecoder& decoder) {
          std::vector<SlotState> read;
          decoder.Array(kSlotWords, kMostPerPage,
                        [&](AbiDecoder& element) { read.push_back(ReadSlot(element)); });
          return read;
        }));
    slots.insert(slots.end(), page.begin(), page.end());
    if (page.size() < kMostPerPage) return slots;
  }
}

absl::StatusOr<Address> Contracts::HotKeyAt(std::uint32_t slot, std::uint32_t epoch, At at) {
  ASSIGN_OR_RETURN(
      const Bytes bytes,
      View(deployment_.slots,
           EncodeCall("hotKeyAt(uint32,uint32)", AbiEncoder().Uint(slot).Uint(epoch)), at));
  return DecodeView("hotKeyAt", bytes, [](AbiDecoder& decoder) { return decoder.EvmAddress(); });
}

absl::StatusOr<std::optional<std::uint32_t>> Contracts::SlotOf(const Address& hot_key, At at) {
  ASSIGN_OR_RETURN(
      const Bytes bytes,
      View(deployment_.slots, EncodeCall("slotOf(address)", AbiEncoder().EvmAddress(hot_key)), at));
  return DecodeView("slotOf", bytes, [](AbiDecoder& decoder) -> std::optional<std::uint32_t> {
    const bool found = decoder.Boolean();
    const std::uint32_t slot = ReadUint32(decoder);
    if (!found) return std::nullopt;
    return slot;
  });
}

absl::StatusOr<std::optional<NextAnchor>> Contracts::FindNextAnchor(std::uint32_t slot, At at) {
  ASSIGN_OR_RETURN(
      const Bytes bytes,
      View(deployment_.slots, EncodeCall("nextAnchor(uint32)", AbiEncoder().Uint(slot)), at));
  return DecodeView("nextAnchor", bytes, [](AbiDecoder& decoder) -> std::optional<NextAnchor> {
    NextAnchor next;
    next.anchor = decoder.Bytes32();
    next.first_epoch = ReadUint32(decoder);
    if (next.first_epoch == 0) return std::nullopt;
    return next;
  });
}

absl::StatusOr<Uint256> Contracts::StakeRequired(At at) {
  ASSIGN_OR_RETURN(const Bytes bytes,
                   View(deployment_.slots, EncodeCall("stakeRequired()", AbiEncoder()), at));
  return DecodeView("stakeRequired", bytes, [](AbiDecoder& decoder) { return decoder.Uint(128); });
}

}  // namespace kaisar::chain
