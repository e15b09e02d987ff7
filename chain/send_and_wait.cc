#include "chain/send_and_wait.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/status_macros.h"

namespace kaisar::chain {
namespace {

constexpr std::uint32_t kPollMs = 500;
constexpr std::uint64_t kBlocksBeforeRaise = 3;
constexpr std::uint64_t kNsPerS = 1'000'000'000;

void ReallySleep(std::uint32_t ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

/// By an eighth, since pools want at least a tenth more for a replacement; at least by one wei.
Uint256 Raised(const Uint256& fee) {
  return fee + fee / 8 + 1;
}

/// One transaction on its way: one nonce, whatever its price becomes.
class Delivery {
 public:
  Delivery(ChainClient& client, const SigningKey& key, const WaitOptions& options,
           const Clock& clock)
      : client_(client),
        key_(key),
        options_(options),
        clock_(clock),
        deadline_ns_(clock.MonotonicNs() + options.timeout_s * kNsPerS) {}

  absl::StatusOr<Receipt> Run(const Address& to, Bytes input) {
    RETURN_IF_ERROR(Prepare(to, std::move(input)));
    RETURN_IF_ERROR(Offer());
    while (clock_.MonotonicNs() < deadline_ns_) {
      const absl::StatusOr<std::optional<Receipt>> receipt = Look();
      // An endpoint that is away for a moment is no reason to leave.
      if (!receipt.ok() && !absl::IsUnavailable(receipt.status())) return receipt.status();
      if (receipt.ok() && receipt->has_value()) return Judge(**receipt);
      Sleep();
    }
    return absl::DeadlineExceededError(absl::StrCat(
        "transaction 0x", ToHex(offered_.empty() ? Digest{} : offered_.back()), " is ",
        shallow_ ? "in a block, but not deep enough," : "in no block", " after ",
        options_.timeout_s, " s", nonce_used_ ? ": another transaction has its nonce" : ""));
  }

 private:
  ViewCall AsCall(std::optional<std::uint64_t> block) const {
    return {transaction_.to, transaction_.input, key_.address(), block};
  }

  absl::Status Prepare(const Address& to, Bytes input) {
    transaction_.chain_id = client_.chain_id();
    transaction_.to = to;
    transaction_.input = std::move(input);
    ASSIGN_OR_RETURN(const std::uint64_t gas, client_.EstimateGas(AsCall(std::nullopt)));
    transaction_.gas_limit = gas + gas / 4;  // the state may change until it runs
    ASSIGN_OR_RETURN(transaction_.nonce, client_.Nonce(key_.address()));
    ASSIGN_OR_RETURN(const Fees fees, client_.SuggestFees());
    SetFees(fees);
    ASSIGN_OR_RETURN(const Uint256 balance, client_.Balance(key_.address()));
    const Uint256 need = transaction_.fees.max_fee * transaction_.gas_limit;
    if (balance >= need) return absl::OkStatus();
    return absl::ResourceExhaustedError(absl::StrCat(
        "account 0x", ToHex(key_.address()), " has ", FormatEther(balance, 18),
        " of the chain's coin for gas, the transaction needs ", FormatEther(need, 18)));
  }

  void SetFees(const Fees& fees) {
    transaction_.fees.max_fee = std::min(fees.max_fee, options_.most_fee);
    transaction_.fees.priority_fee = std::min(fees.priority_fee, transaction_.fees.max_fee);
  }

  /// False when the fee is at its limit already.
  bool Raise() {
    if (transaction_.fees.max_fee >= options_.most_fee) return false;
    Fees fees = {Raised(transaction_.fees.max_fee), Raised(transaction_.fees.priority_fee)};
    if (const absl::StatusOr<Fees> suggested = client_.SuggestFees(); suggested.ok()) {
      fees.max_fee = std::max(fees.max_fee, suggested->max_fee);
      fees.priority_fee = std::max(fees.priority_fee, suggested->priority_fee);
    }
    SetFees(fees);
    return true;
  }

  /// Signs at the present price and hands it in, at a higher one while it is refused for the price.
  absl::Status Offer() {
    while (true) {
      const SignedTransaction offer = SignTransaction(transaction_, key_);
      const absl::Status status = client_.Send(offer);
      if (absl::IsFailedPrecondition(status) && Raise()) continue;
      if (absl::IsAlreadyExists(status) && offered_.empty()) {
        // Another transaction of this account came first.
        ASSIGN_OR_RETURN(const std::uint64_t nonce, client_.Nonce(key_.address()));
        if (nonce <= transaction_.nonce) return status;
        transaction_.nonce = nonce;
        continue;
      }
      nonce_used_ = absl::IsAlreadyExists(status);  // by one of ours, most likely
      if (nonce_used_) return absl::OkStatus();
      if (!status.ok() && !absl::IsUnavailable(status)) return status;
      // One that nobody seems to have taken may have arrived nevertheless.
      if (offered_.empty() || offered_.back() != offer.hash) offered_.push_back(offer.hash);
      if (status.ok()) options_.progress(absl::StrCat("sent transaction 0x", ToHex(offer.hash)));
      if (const absl::StatusOr<Block> latest = client_.Latest(); latest.ok()) {
        offered_at_block_ = latest->number;
      }
      return absl::OkStatus();
    }
  }

  /// The receipt, once it is deep enough. Offers the transaction again while it is in no block.
  absl::StatusOr<std::optional<Receipt>> Look() {
    ASSIGN_OR_RETURN(const Block latest, client_.Latest());
    for (const Digest& hash : offered_) {
      ASSIGN_OR_RETURN(const std::optional<Receipt> receipt, client_.FindReceipt(hash));
      if (!receipt.has_value()) continue;
      const bool deep = latest.number + 1 >= receipt->block_number + options_.confirmations;
      shallow_ = !deep;
      return deep ? receipt : std::nullopt;
    }
    shallow_ = false;
    if (nonce_used_ || latest.number < offered_at_block_ + kBlocksBeforeRaise) return std::nullopt;
    if (Raise()) {
      options_.progress(absl::StrCat("raised the fee to ", transaction_.fees.max_fee.ToDecimal(),
                                     " wei per gas"));
    }
    RETURN_IF_ERROR(Offer());
    return std::nullopt;
  }

  absl::StatusOr<Receipt> Judge(const Receipt& receipt) {
    if (receipt.success) return receipt;
    // Run on the state before its block it most likely fails in the same way.
    const absl::StatusOr<Bytes> replay =
        client_.Call(AsCall(receipt.block_number == 0 ? 0 : receipt.block_number - 1));
    if (absl::IsAborted(replay.status())) return replay.status();
    return absl::AbortedError(absl::StrCat("transaction failed in block ", receipt.block_number,
                                           ", ", receipt.gas_used, " of ", transaction_.gas_limit,
                                           " gas used"));
  }

  void Sleep() const { options_.sleep ? options_.sleep(kPollMs) : ReallySleep(kPollMs); }

  ChainClient& client_;
  const SigningKey& key_;
  const WaitOptions& options_;
  const Clock& clock_;
  const std::uint64_t deadline_ns_;
  Transaction transaction_;
  std::vector<Digest> offered_;  // hashes of all prices, the last one last
  std::uint64_t offered_at_block_ = 0;
  bool nonce_used_ = false;
  bool shallow_ = false;  // in a block, and waiting for more on top
};

}  // namespace

absl::StatusOr<Receipt> SendAndWait(ChainClient& client, const SigningKey& key, const Address& to,
                                    Bytes input, const WaitOptions& options, const Clock& clock) {
  return Delivery(client, key, options, clock).Run(to, std::move(input));
}

}  // namespace kaisar::chain
