#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/signing_key.h"
#include "base/uint256.h"
#include "chain/chain_client.h"
#include "reporter/outbox.h"

namespace kaisar::reporter {

struct SenderSettings {
  Uint256 most_fee;                 // wei per gas
  std::uint32_t confirmations = 2;  // blocks on top before a transaction is done
};

/// Where notices go. A notice with the same `key` as an earlier one may be left out.
using Notice = std::function<void(const std::string& key, const std::string& text)>;

/// Gets one key's transactions into blocks, one after the other: each is stored before it is sent,
/// its bytes are sent again when the chain lost them, and its fees are raised while blocks pass it
/// over. It is looked up until it is `confirmations` deep; a reorganisation makes it pending again.
///
/// Threads: one at a time.
/// Errors:  of all: those of Outbox and of ChainClient.
/// Source:  settlement.md, The checker's side.
class TransactionSender {
 public:
  /// All of it must outlive the sender.
  TransactionSender(chain::ChainClient& client, Outbox& outbox, const SigningKey& key,
                    const SenderSettings& settings, Notice notice);

  /// Looks for the open transactions on the chain whose newest block this is. First of all after
  /// a start, and before each of the others.
  absl::Status Watch(const chain::Block& latest);

  /// Those that are not deep enough, by nonce.
  const std::vector<OutboxEntry>& open() const { return open_; }
  /// The first one that is in no block; null: another one can begin.
  const OutboxEntry* pending() const;
  /// Blocks since the pending one was first sent by this process.
  std::uint64_t PendingBlocks(const chain::Block& latest) const;

  /// Makes a transaction, stores it and sends it. When one is pending, this one takes its nonce;
  /// where the fee limit leaves no room for that, the pending one is pushed.
  ///
  /// Errors: Unavailable when it waits for the pending one or for gas that costs less; Aborted with
  /// the reason when the chain would revert it; ResourceExhausted with
  ///         address, balance and need when the account cannot pay, or keeps what it has for
  ///         reports; OutOfRange when it needs more
  ///         gas than a block should give. Nothing is stored then. What goes wrong after it was
  ///         stored is no error: Push goes on.
  absl::Status Begin(const Intent& intent, const chain::Block& latest);

  /// Sends pending transactions that this process has not sent, and again those that blocks passed
  /// over, with higher fees as far as allowed.
  absl::Status Push(const chain::Block& latest);

 private:
  struct Sending {
    std::uint64_t first_block = 0;  // when this process first sent it
    std::uint64_t last_block = 0;
    bool raise = false;  // asked for by the chain
  };

  absl::Status ReopenBelowPending();
  absl::Status LookUp(OutboxEntry& entry, const chain::Block& latest);
  absl::Status Included(OutboxEntry& entry, const Digest& hash, const chain::Receipt& receipt,
                        const chain::Block& latest);
  absl::Status NonceUsed(OutboxEntry& entry, const chain::Block& latest);
  std::string WhyReverted(const OutboxEntry& entry, const chain::Receipt& receipt);
  absl::StatusOr<chain::Fees> SuggestedFees();
  absl::StatusOr<Uint256> MostFee(const OutboxEntry& entry, const chain::Fees& suggested,
                                  const chain::Block& latest);
  absl::Status SetNonceAndFees(OutboxEntry& entry, const OutboxEntry* replaced,
                               const chain::Block& latest);
  Attempt Sign(const OutboxEntry& entry, const chain::Fees& fees) const;
  absl::Status Raise(OutboxEntry& entry, const chain::Block& latest);
  absl::Status Send(OutboxEntry& entry, const chain::Block& latest);
  void DropEnded();

  chain::ChainClient& client_;
  Outbox& outbox_;
  const SigningKey& key_;
  const SenderSettings settings_;
  const Notice notice_;
  std::vector<OutboxEntry> open_;
  std::uint64_t nonce_ = 0;                    // of the chain, as Watch read it
  std::map<std::uint64_t, Sending> sendings_;  // by entry
  std::map<std::uint64_t, std::uint64_t>
      since_;  // by entry: block at which its nonce was seen used
};

}  // namespace kaisar::reporter
