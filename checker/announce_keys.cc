#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "chain/calls.h"
#include "checker/owner_commands.h"
#include "checker/slot_duty.h"

namespace kaisar::checker {
namespace {

/// What the chain does not know yet.
struct News {
  bool hot_key = false;
  bool tls_pin = false;
  bool hash_chain = false;
};

/// Whether the slot can go on with this hash chain, or is about to.
absl::StatusOr<bool> IsAnnounced(chain::Contracts& contracts, std::uint32_t slot,
                                 const chain::SlotState& state, const HashChain& chain) {
  ASSIGN_OR_RETURN(const std::uint32_t counts_from, contracts.CountsFrom());
  ASSIGN_OR_RETURN(const std::optional<chain::NextAnchor> next, contracts.FindNextAnchor(slot));
  const Digest& anchor = next ? next->anchor : state.anchor;
  const std::uint32_t begin = next ? next->first_epoch : state.anchor_epoch;
  // What is set now counts from the epoch after the next.
  const std::uint32_t epoch = std::max(counts_from < 2 ? 0 : counts_from - 2, begin);
  const auto secret = chain.Secret(epoch);
  return secret.ok() && epoch - begin <= kMostBridgedEpochs &&
         IsChainSecret(*secret, epoch, anchor, begin);
}

absl::StatusOr<News> FindNews(const OwnerSession& session, std::uint32_t slot,
                              const chain::SlotState& state, const SlotKeys& keys,
                              const Digest& pin) {
  ASSIGN_OR_RETURN(const bool announced, IsAnnounced(session.contracts, slot, state, keys.chain));
  return News{state.hot_key != keys.hot.address(), state.tls_pin != pin, !announced};
}

absl::Status CheckMay(const OwnerSession& session, std::uint32_t slot,
                      const chain::SlotState& state, const News& news) {
  if (state.license.is_zero() || state.ejected) {
    return absl::FailedPreconditionError(
        absl::StrCat("slot ", slot, state.ejected ? " was ejected" : " was claimed",
                     ": its keys serve nothing any more"));
  }
  const Address by = session.key.address();
  if (by == state.owner) return absl::OkStatus();
  if (by == state.hot_key && !news.hot_key && !news.hash_chain) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat("slot ", slot, " belongs to ", ToPrefixedHex(state.owner), ", this is ",
                   ToPrefixedHex(by), ": the ",
                   news.hot_key      ? "hot key is changed by its owner alone"
                   : news.hash_chain ? "hash chain is changed by its owner alone"
                                     : "TLS pin is changed by its owner or its hot key",
                   " (--owner-keystore)"));
}

std::string Describe(std::uint32_t slot, const News& news, const Address& hot_key,
                     const Digest& pin) {
  std::vector<std::string> parts;
  if (news.hot_key) parts.push_back(absl::StrCat("hot key ", ToPrefixedHex(hot_key)));
  if (news.tls_pin) parts.push_back(absl::StrCat("TLS pin ", ToPrefixedHex(pin)));
  if (news.hash_chain) parts.push_back("another hash chain");
  return absl::StrCat("announce for slot ", slot, ": ", absl::StrJoin(parts, ", "));
}

absl::Status AnnounceHotKey(const OwnerSession& session, std::uint32_t slot, const Address& old,
                            const Address& key) {
  ASSIGN_OR_RETURN(const chain::Receipt receipt,
                   Send(session, absl::StrCat("changing the hot key of slot ", slot),
                        session.contracts.deployment().slots, chain::SetHotKeyCall(slot, key)));
  ASSIGN_OR_RETURN(const std::uint32_t counts_from,
                   session.contracts.CountsFrom(receipt.block_number));
  session.out << "the hot key " << ToPrefixedHex(key) << " counts from epoch "
              << std::max(counts_from, 1u) - 1 << " on, and pays from then: send it some coin\n";
  if (counts_from >= 2) {
    session.out << "the report of epoch " << counts_from - 2
                << " is still the old key's: run with that one until it is revealed\n";
  }
  ASSIGN_OR_RETURN(const Uint256 rewards, session.contracts.TokenBalance(old));
  if (!rewards.is_zero()) {
    session.out << "the old key " << ToPrefixedHex(old) << " has " << FormatEther(rewards)
                << " KAI: with a config that names its keystore, kaisar-checker withdraw --to "
                << "ADDRESS sends it on\n";
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AnnounceKeys(const OwnerSession& session, std::uint32_t slot, const SlotKeys& keys) {
  chain::Contracts& contracts = session.contracts;
  const Address& slots = contracts.deployment().slots;
  ASSIGN_OR_RETURN(const chain::SlotState state, contracts.Slot(slot));
  ASSIGN_OR_RETURN(const Digest pin, TlsPin(keys.tls.certificate_pem));
  ASSIGN_OR_RETURN(const News news, FindNews(session, slot, state, keys, pin));
  if (!news.hot_key && !news.tls_pin && !news.hash_chain) {
    session.out << "the chain knows these keys of slot " << slot << ": nothing to do\n";
    ASSIGN_OR_RETURN(const auto next, contracts.FindNextAnchor(slot));
    if (next) session.out << "the hash chain counts from epoch " << next->first_epoch << " on\n";
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(CheckMay(session, slot, state, news));
  if (news.hash_chain) RETURN_IF_ERROR(CheckReach(session, keys.chain));
  RETURN_IF_ERROR(Confirm(session, Describe(slot, news, keys.hot.address(), pin)));
  if (news.hash_chain) {
    ASSIGN_OR_RETURN(const std::uint32_t first_epoch,
                     SendAnchor(session, "announcing the hash chain", keys.chain,
                                [&](const Digest& anchor, std::uint32_t first) {
                                  return chain::SetAnchorCall(slot, anchor, first);
                                }));
    session.out << "the hash chain counts from epoch " << first_epoch << " on\n";
    if (first_epoch > 0) {
      session.out << "run with the old hash_chain file until epoch " << first_epoch - 1
                  << " is reported: no epoch before " << first_epoch << " can be without it\n";
    }
  }
  if (news.hot_key) {
    RETURN_IF_ERROR(AnnounceHotKey(session, slot, state.hot_key, keys.hot.address()));
  }
  if (news.tls_pin) {
    RETURN_IF_ERROR(Send(session, absl::StrCat("changing the TLS pin of slot ", slot), slots,
                         chain::SetTlsPinCall(slot, pin))
                        .status());
    session.out << "devices know the TLS key by now: start the checker with it\n";
  }
  return absl::OkStatus();
}

}  // namespace kaisar::checker
