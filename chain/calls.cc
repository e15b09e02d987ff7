#include "chain/calls.h"

#include <algorithm>

#include "base/check.h"
#include "chain/abi.h"

namespace kaisar::chain {
namespace {

/// ASCII from the left, as the contracts keep classes and regions.
Digest LeftAligned(const std::string& text) {
  Digest word{};
  KAISAR_CHECK(text.size() < word.size());
  std::copy(text.begin(), text.end(), word.begin());
  return word;
}

std::vector<AbiEncoder> Words(const std::vector<Digest>& values) {
  std::vector<AbiEncoder> words;
  words.reserve(values.size());
  for (const Digest& value : values) words.push_back(AbiEncoder().Bytes32(value));
  return words;
}

std::vector<AbiEncoder> Proofs(const std::vector<Proof>& values) {
  std::vector<AbiEncoder> proofs;
  proofs.reserve(values.size());
  for (const Proof& proof : values) {
    proofs.push_back(AbiEncoder()
                         .Bytes32(proof.word)
                         .Uint(proof.index)
                         .Uint(proof.next)
                         .StaticArray(Words(proof.path)));
  }
  return proofs;
}

Bytes CallWithNumber(absl::string_view signature, std::uint32_t number) {
  return EncodeCall(signature, AbiEncoder().Uint(number));
}

}  // namespace

Bytes OpenEpochCall(std::uint32_t epoch, ByteView header, ByteView parent) {
  return EncodeCall("openEpoch(uint32,bytes,bytes)",
                    AbiEncoder().Uint(epoch).DynamicBytes(header).DynamicBytes(parent));
}

Bytes RequestLateCall(std::uint32_t epoch) {
  return CallWithNumber("requestLate(uint32)", epoch);
}

Bytes OpenLateCall(std::uint32_t epoch) {
  return CallWithNumber("openLate(uint32)", epoch);
}

Bytes CommitCall(std::uint32_t epoch, std::uint32_t slot, const Digest& commitment) {
  return EncodeCall("commit(uint32,uint32,bytes32)",
                    AbiEncoder().Uint(epoch).Uint(slot).Bytes32(commitment));
}

Bytes RevealCall(const Reveal& reveal) {
  return EncodeCall("reveal(uint32,uint32,bytes32,bytes32,bytes32,bytes32[])",
                    AbiEncoder()
                        .Uint(reveal.epoch)
                        .Uint(reveal.slot)
                        .Bytes32(reveal.secret)
                        .Bytes32(reveal.transcript_root)
                        .Bytes32(reveal.policy_hash)
                        .StaticArray(Words(reveal.words)));
}

Bytes MarkMissedCall(std::uint32_t epoch, std::uint32_t slot) {
  return EncodeCall("markMissed(uint32,uint32)", AbiEncoder().Uint(epoch).Uint(slot));
}

Bytes MarkUnrevealedCall(std::uint32_t epoch, std::uint32_t slot) {
  return EncodeCall("markUnrevealed(uint32,uint32)", AbiEncoder().Uint(epoch).Uint(slot));
}

Bytes SettleCall(std::uint32_t epoch, const SettleItem& item) {
  return EncodeCall("settle(uint32,uint24,(bytes32,uint32,uint24,bytes32[])[])",
                    AbiEncoder().Uint(epoch).Uint(item.device).DynamicArray(Proofs(item.proofs)));
}

Bytes SettleBatchCall(std::uint32_t epoch, const std::vector<SettleItem>& items) {
  std::vector<AbiEncoder> encoded;
  encoded.reserve(items.size());
  for (const SettleItem& item : items) {
    encoded.push_back(AbiEncoder().Uint(item.device).DynamicArray(Proofs(item.proofs)));
  }
  return EncodeCall("settleBatch(uint32,(uint24,(bytes32,uint32,uint24,bytes32[])[])[])",
                    AbiEncoder().Uint(epoch).DynamicArray(encoded));
}

Bytes WithdrawCall() {
  return EncodeCall("withdraw()", AbiEncoder());
}

Bytes WithdrawSlotsCall(const std::vector<std::uint32_t>& slots) {
  std::vector<AbiEncoder> ids;
  ids.reserve(slots.size());
  for (const std::uint32_t slot : slots) ids.push_back(AbiEncoder().Uint(slot));
  return EncodeCall("withdrawSlots(uint32[])", AbiEncoder().StaticArray(ids));
}

Bytes TransferCall(const Address& to, const Uint256& amount) {
  return EncodeCall("transfer(address,uint256)", AbiEncoder().EvmAddress(to).Uint(amount));
}

Bytes ApproveCall(const Address& spender, const Uint256& amount_or_license) {
  return EncodeCall("approve(address,uint256)",
                    AbiEncoder().EvmAddress(spender).Uint(amount_or_license));
}

Bytes RegisterSlotCall(const SlotRegistration& registration) {
  return EncodeCall("register(uint256,address,bytes32,bytes32,uint32)",
                    AbiEncoder()
                        .Uint(registration.license)
                        .EvmAddress(registration.hot_key)
                        .Bytes32(registration.tls_pin)
                        .Bytes32(registration.anchor)
                        .Uint(registration.first_epoch));
}

Bytes SetHotKeyCall(std::uint32_t slot, const Address& hot_key) {
  return EncodeCall("setHotKey(uint32,address)", AbiEncoder().Uint(slot).EvmAddress(hot_key));
}

Bytes SetTlsPinCall(std::uint32_t slot, const Digest& tls_pin) {
  return EncodeCall("setTlsPin(uint32,bytes32)", AbiEncoder().Uint(slot).Bytes32(tls_pin));
}

Bytes SetAnchorCall(std::uint32_t slot, const Digest& anchor, std::uint32_t first_epoch) {
  return EncodeCall("setAnchor(uint32,bytes32,uint32)",
                    AbiEncoder().Uint(slot).Bytes32(anchor).Uint(first_epoch));
}

Bytes RequestExitCall(std::uint32_t slot) {
  return CallWithNumber("requestExit(uint32)", slot);
}

Bytes ClaimSlotCall(std::uint32_t slot) {
  return CallWithNumber("claim(uint32)", slot);
}

Bytes RegisterDeviceCall(const DeviceRegistration& registration) {
  return EncodeCall("register((address,bytes32,string,bytes32,bytes32,uint32,uint64,uint64))",
                    AbiEncoder().DynamicTuple(AbiEncoder()
                                                  .EvmAddress(registration.key)
                                                  .Bytes32(registration.tls_pin)
                                                  .DynamicBytes(ViewOf(registration.endpoint))
                                                  .Bytes32(LeftAligned(registration.device_class))
                                                  .Bytes32(LeftAligned(registration.region))
                                                  .Uint(registration.weight)
                                                  .Uint(registration.down_bits_per_second)
                                                  .Uint(registration.up_bits_per_second)));
}

Bytes SetEndpointCall(std::uint32_t device, const std::string& endpoint, const Digest& tls_pin) {
  return EncodeCall("setEndpoint(uint24,string,bytes32)",
                    AbiEncoder().Uint(device).DynamicBytes(ViewOf(endpoint)).Bytes32(tls_pin));
}

Bytes SetWeightCall(std::uint32_t device, std::uint32_t weight) {
  return EncodeCall("setWeight(uint24,uint32)", AbiEncoder().Uint(device).Uint(weight));
}

Bytes ExitDeviceCall(std::uint32_t device) {
  return CallWithNumber("exit(uint24)", device);
}

Bytes ClaimBondCall(std::uint32_t device) {
  return CallWithNumber("claimBond(uint24)", device);
}

}  // namespace kaisar::chain
