// What became of the transactions that were sent.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "reporter/transaction_sender.h"

namespace kaisar::reporter {

void TransactionSender::DropEnded() {
  std::erase_if(open_, [](const OutboxEntry& entry) { return entry.state != SendState::kOpen; });
}

absl::Status TransactionSender::Watch(const chain::Block& latest) {
  ASSIGN_OR_RETURN(open_, outbox_.OpenEntries());
  if (open_.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(nonce_, client_.Nonce(key_.address()));
  for (OutboxEntry& entry : open_) RETURN_IF_ERROR(LookUp(entry, latest));
  DropEnded();
  return ReopenBelowPending();
}

// Behind a nonce that a reorganisation freed again, no later transaction would get into a block.
absl::Status TransactionSender::ReopenBelowPending() {
  const std::uint64_t end = pending() == nullptr ? 0 : pending()->nonce;
  for (std::uint64_t nonce = nonce_; nonce < end; ++nonce) {
    ASSIGN_OR_RETURN(std::vector<OutboxEntry> entries, outbox_.WithNonce(nonce));
    const auto ended = std::find_if(entries.rbegin(), entries.rend(), [](const OutboxEntry& entry) {
      return entry.state == SendState::kDone || entry.state == SendState::kReverted;
    });
    if (ended == entries.rend()) continue;
    ended->state = SendState::kOpen;
    ended->receipt.reset();
    ended->included = {};
    ended->error = "a reorganisation deeper than the confirmations took it out of its block";
    RETURN_IF_ERROR(outbox_.Update(*ended));
    sendings_.erase(ended->id);
    notice_("reorganised", absl::StrCat(Describe(*ended), ": ", ended->error));
    const auto place = std::find_if(open_.begin(), open_.end(),
                                    [&](const OutboxEntry& other) { return other.nonce > nonce; });
    open_.insert(place, *ended);
  }
  return absl::OkStatus();
}

absl::Status TransactionSender::LookUp(OutboxEntry& entry, const chain::Block& latest) {
  for (auto attempt = entry.attempts.rbegin(); attempt != entry.attempts.rend(); ++attempt) {
    const Digest& hash = attempt->transaction.hash;
    ASSIGN_OR_RETURN(const std::optional<chain::Receipt> receipt, client_.FindReceipt(hash));
    if (receipt.has_value()) return Included(entry, hash, *receipt, latest);
  }
  if (entry.receipt.has_value()) {
    entry.receipt.reset();
    entry.included = {};
    entry.error = "a reorganisation took it out of its block";
    RETURN_IF_ERROR(outbox_.Update(entry));
    sendings_.erase(entry.id);
    notice_("reorganised", absl::StrCat(Describe(entry),
                                        ": the chain was reorganised and lost the transaction; it "
                                        "is sent again"));
  }
  if (nonce_ > entry.nonce) return NonceUsed(entry, latest);
  since_.erase(entry.id);
  return absl::OkStatus();
}

absl::Status TransactionSender::Included(OutboxEntry& entry, const Digest& hash,
                                         const chain::Receipt& receipt,
                                         const chain::Block& latest) {
  const bool deep = latest.number >= receipt.block_number &&
                    latest.number - receipt.block_number >= settings_.confirmations;
  const bool known = entry.receipt.has_value() && entry.included == hash &&
                     entry.receipt->block_hash == receipt.block_hash;
  if (known && !deep) return absl::OkStatus();
  entry.receipt = receipt;
  entry.included = hash;
  if (!known) {
    entry.error = receipt.success ? "" : WhyReverted(entry, receipt);
    // Two checkers that open the same epoch at once are no news.
    if (!receipt.success && entry.intent.purpose != Purpose::kOpenEpoch) {
      notice_(absl::StrCat("reverted ", entry.id),
              absl::StrCat(Describe(entry), ": transaction 0x", ToHex(hash), " in block ",
                           receipt.block_number, " failed: ", entry.error));
    }
  }
  if (deep) entry.state = receipt.success ? SendState::kDone : SendState::kReverted;
  return outbox_.Update(entry);
}

std::string TransactionSender::WhyReverted(const OutboxEntry& entry,
                                           const chain::Receipt& receipt) {
  if (receipt.gas_used >= entry.gas_limit) {
    return absl::StrCat("out of gas at ", entry.gas_limit);
  }
  const absl::Status status =
      client_.Call({entry.intent.to, entry.intent.input, key_.address(), receipt.block_number})
          .status();
  return status.ok() ? "reverted, for a reason that is gone" : std::string(status.message());
}

absl::Status TransactionSender::NonceUsed(OutboxEntry& entry, const chain::Block& latest) {
  ASSIGN_OR_RETURN(const std::vector<OutboxEntry> rivals, outbox_.WithNonce(entry.nonce));
  for (OutboxEntry rival : rivals) {
    if (rival.id == entry.id) continue;
    for (const Attempt& attempt : rival.attempts) {
      ASSIGN_OR_RETURN(const std::optional<chain::Receipt> receipt,
                       client_.FindReceipt(attempt.transaction.hash));
      if (!receipt.has_value()) continue;
      rival.receipt = receipt;
      rival.included = attempt.transaction.hash;
      rival.state = receipt->success ? SendState::kDone : SendState::kReverted;
      RETURN_IF_ERROR(outbox_.Update(rival));
      entry.state = SendState::kLost;
      entry.error = absl::StrCat("our transaction ", rival.id, " got into a block before it");
      return outbox_.Update(entry);
    }
  }
  // Another endpoint may be behind and not know our receipt yet, so the nonce must stay used.
  const std::uint64_t since = since_.try_emplace(entry.id, latest.number).first->second;
  if (latest.number < since + settings_.confirmations) return absl::OkStatus();
  since_.erase(entry.id);
  entry.state = SendState::kLost;
  entry.error =
      absl::StrCat("nonce ", entry.nonce, " was used by a transaction not sent from here");
  notice_("nonce",
          absl::StrCat(Describe(entry), ": ", entry.error, ": does something else use key 0x",
                       ToHex(key_.address()), "? What is still due is sent anew"));
  return outbox_.Update(entry);
}

}  // namespace kaisar::reporter
