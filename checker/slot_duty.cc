#include "checker/slot_duty.h"

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/status_macros.h"

namespace kaisar::checker {
namespace {

template <typename... Parts>
absl::Status Refuse(std::uint32_t id, const Parts&... parts) {
  return absl::FailedPreconditionError(absl::StrCat("slot ", id, " ", parts...));
}

absl::Status CheckActive(std::uint32_t epoch, std::uint32_t id, const chain::SlotState& slot) {
  if (slot.ejected) {
    return Refuse(id,
                  "was ejected for two different reports of one epoch; what is left of its "
                  "stake can be claimed: kaisar-checker unstake");
  }
  if (epoch < slot.active_from) {
    return Refuse(id, "is active from epoch ", slot.active_from, " on; nothing to do until then");
  }
  if (epoch >= slot.active_until) {
    return Refuse(id, "has no duty from epoch ", slot.active_until,
                  " on, since its owner asked for exit; claim the stake: kaisar-checker unstake");
  }
  return absl::OkStatus();
}

absl::Status CheckSecret(std::uint32_t epoch, std::uint32_t id, const chain::SlotState& slot,
                         const HashChain& chain) {
  constexpr char kReplace[] = "announce one that reaches further: kaisar-checker announce-keys";
  const auto secret = chain.Secret(epoch);
  if (!secret.ok()) {
    return Refuse(id, "has no secret for epoch ", epoch, " (", secret.status().message(), "); ",
                  kReplace);
  }
  if (epoch < slot.anchor_epoch) {
    return Refuse(id, "has its next secret due in epoch ", slot.anchor_epoch);
  }
  if (epoch - slot.anchor_epoch > kMostBridgedEpochs) {
    return Refuse(id, "had no report accepted since epoch ", slot.anchor_epoch, ", more than the ",
                  kMostBridgedEpochs, " epochs that can be bridged; ", kReplace);
  }
  if (!IsChainSecret(*secret, epoch, slot.anchor, slot.anchor_epoch)) {
    return Refuse(id, "has the anchor ", ToPrefixedHex(slot.anchor), " for epoch ",
                  slot.anchor_epoch,
                  " on, and hash_chain does not lead to it; use the file that the slot was "
                  "registered with, or announce this one, which counts two or three epochs later: "
                  "kaisar-checker announce-keys");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckDuty(std::uint32_t epoch, std::uint32_t id, const chain::SlotState& slot,
                       const Address& hot_key, const SlotKeys& keys) {
  RETURN_IF_ERROR(CheckActive(epoch, id, slot));
  if (hot_key != keys.hot.address() && slot.hot_key == keys.hot.address()) {
    return Refuse(id, "has the hot key ", ToPrefixedHex(hot_key), " in epoch ", epoch, "; ",
                  ToPrefixedHex(keys.hot.address()),
                  ", which keystore holds, counts from the next epoch on");
  }
  if (hot_key != keys.hot.address()) {
    return Refuse(id, "has the hot key ", ToPrefixedHex(hot_key), " in epoch ", epoch,
                  ", keystore holds ", ToPrefixedHex(keys.hot.address()),
                  "; use the key that the slot was registered with, or let its owner announce this "
                  "one: kaisar-checker announce-keys");
  }
  ASSIGN_OR_RETURN(const Digest pin, TlsPin(keys.tls.certificate_pem));
  if (slot.tls_pin != pin) {
    return Refuse(id, "has the TLS pin ", ToPrefixedHex(slot.tls_pin), ", tls_key has ",
                  ToPrefixedHex(pin),
                  "; devices would refuse this checker: use the key that the slot was registered "
                  "with, or announce this one: kaisar-checker announce-keys");
  }
  return CheckSecret(epoch, id, slot, keys.chain);
}

}  // namespace kaisar::checker
