#include "reporter/transaction_sender.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "reporter/epoch_gas.h"
#include "reporter/fees.h"

namespace kaisar::reporter {
namespace {

constexpr std::uint64_t kRaiseAfterBlocks = 2;
constexpr std::uint64_t kMostGas = 15'000'000;  // half of a usual block
constexpr std::uint64_t kUrgentSeconds = 60;
/// What transactions without a report leave on the account: four reports of 700 devices, which are
/// a day as a rule, in which somebody can send coins.
constexpr std::uint64_t kKeptReports = 4;
constexpr std::uint64_t kKeptDevices = 700;

/// A third more than estimated: between the estimate and the block, others change the state.
absl::StatusOr<std::uint64_t> GasLimit(std::uint64_t estimate) {
  if (estimate > kMostGas) {
    return absl::OutOfRangeError(
        absl::StrCat("transaction needs ", estimate, " gas, limit ", kMostGas));
  }
  return std::min(estimate + estimate / 3, kMostGas);
}

bool IsUrgent(const OutboxEntry& entry, const chain::Block& latest) {
  const std::uint64_t end_s = entry.intent.window_end_s, now_s = latest.timestamp_s;
  if (now_s + kUrgentSeconds >= end_s) return true;
  return (end_s - now_s) * 4 <= end_s - std::min(entry.made_s, end_s);
}

std::string Gwei(const Uint256& wei) {
  if (!wei.FitsUint64()) return absl::StrCat(wei.ToDecimal(), " wei");  // nonsense of an endpoint
  return absl::StrCat(FormatEther(wei * Uint256(1'000'000'000), 3), " gwei");
}

}  // namespace

TransactionSender::TransactionSender(chain::ChainClient& client, Outbox& outbox,
                                     const SigningKey& key, const SenderSettings& settings,
                                     Notice notice)
    : client_(client),
      outbox_(outbox),
      key_(key),
      settings_(settings),
      notice_(std::move(notice)) {}

const OutboxEntry* TransactionSender::pending() const {
  const auto found = std::find_if(open_.begin(), open_.end(), [](const OutboxEntry& entry) {
    return !entry.receipt.has_value();
  });
  return found == open_.end() ? nullptr : &*found;
}

std::uint64_t TransactionSender::PendingBlocks(const chain::Block& latest) const {
  const OutboxEntry* entry = pending();
  if (entry == nullptr) return 0;
  const auto sending = sendings_.find(entry->id);
  if (sending == sendings_.end() || latest.number < sending->second.first_block) return 0;
  return latest.number - sending->second.first_block;
}

absl::StatusOr<Uint256> TransactionSender::MostFee(const OutboxEntry& entry,
                                                   const chain::Fees& suggested,
                                                   const chain::Block& latest) {
  // A report must be able to take the nonce of whatever else waits for a block.
  const bool carries_report = CarriesReport(entry.intent.purpose);
  const Uint256 limit =
      carries_report ? settings_.most_fee : MostReplaceableFee(settings_.most_fee);
  if (limit < latest.base_fee) {
    return absl::UnavailableError(
        absl::StrCat("gas costs ", Gwei(latest.base_fee), ", limit ", Gwei(limit), ": waiting"));
  }
  ASSIGN_OR_RETURN(const Uint256 balance, client_.Balance(key_.address()));
  const Uint256& needed = suggested.max_fee;
  const Uint256 kept =
      carries_report ? Uint256() : needed * Uint256(kKeptReports * ReportGas(kKeptDevices));
  const Uint256 affordable = (balance - std::min(balance, kept)) / Uint256(entry.gas_limit);
  if (affordable < latest.base_fee + std::min(suggested.priority_fee, needed)) {
    const std::string account =
        absl::StrCat("hot key 0x", ToHex(key_.address()), " has ", FormatEther(balance, 9), ", ");
    return absl::ResourceExhaustedError(
        carries_report
            ? absl::StrCat(account, "the next transaction takes ",
                           FormatEther(needed * Uint256(entry.gas_limit), 9), ": send coins to it")
            : absl::StrCat(Describe(entry), " is left to others: ", account,
                           "which it keeps for reports: send coins to it"));
  }
  return std::min(affordable, limit);
}

absl::StatusOr<chain::Fees> TransactionSender::SuggestedFees() {
  ASSIGN_OR_RETURN(const chain::Fees fees, client_.SuggestFees());
  // Whatever an endpoint says, more is never offered.
  return chain::Fees{std::min(fees.max_fee, settings_.most_fee),
                     std::min(fees.priority_fee, settings_.most_fee)};
}

Attempt TransactionSender::Sign(const OutboxEntry& entry, const chain::Fees& fees) const {
  chain::Transaction transaction;
  transaction.chain_id = client_.chain_id();
  transaction.nonce = entry.nonce;
  transaction.fees = fees;
  transaction.gas_limit = entry.gas_limit;
  transaction.to = entry.intent.to;
  transaction.input = entry.intent.input;
  return {fees, chain::SignTransaction(transaction, key_)};
}

absl::Status TransactionSender::SetNonceAndFees(OutboxEntry& entry, const OutboxEntry* replaced,
                                                const chain::Block& latest) {
  ASSIGN_OR_RETURN(const chain::Fees suggested, SuggestedFees());
  ASSIGN_OR_RETURN(const Uint256 most, MostFee(entry, suggested, latest));
  chain::Fees fees = FirstFees(suggested, most, IsUrgent(entry, latest));
  if (replaced != nullptr) {
    const std::optional<chain::Fees> raised =
        RaisedFees(replaced->attempts.back().fees, suggested, most, IsUrgent(entry, latest));
    if (!raised.has_value()) {
      const std::string waits = absl::StrCat(
          Describe(entry), " waits for ", Describe(*replaced), ", which offers ",
          Gwei(replaced->attempts.back().fees.max_fee), " already, limit ", Gwei(most));
      // Nodes may have forgotten it, and without it no later nonce gets into a block.
      RETURN_IF_ERROR(Push(latest));
      return absl::UnavailableError(waits);
    }
    fees = *raised;
    entry.nonce = replaced->nonce;
  } else {
    ASSIGN_OR_RETURN(entry.nonce, client_.Nonce(key_.address()));
    for (const OutboxEntry& other : open_) entry.nonce = std::max(entry.nonce, other.nonce + 1);
  }
  entry.attempts.push_back(Sign(entry, fees));
  return absl::OkStatus();
}

absl::Status TransactionSender::Begin(const Intent& intent, const chain::Block& latest) {
  OutboxEntry entry;
  entry.intent = intent;
  entry.made_s = latest.timestamp_s;
  ASSIGN_OR_RETURN(const std::uint64_t estimate,
                   client_.EstimateGas({intent.to, intent.input, key_.address(), {}}));
  ASSIGN_OR_RETURN(entry.gas_limit, GasLimit(estimate));
  const OutboxEntry* replaced = pending();
  RETURN_IF_ERROR(SetNonceAndFees(entry, replaced, latest));
  const std::uint64_t replaced_id = replaced == nullptr ? 0 : replaced->id;
  ASSIGN_OR_RETURN(entry.id, outbox_.Insert(entry, replaced_id));
  std::erase_if(open_, [&](const OutboxEntry& other) { return other.id == replaced_id; });
  const auto place = std::find_if(open_.begin(), open_.end(), [&](const OutboxEntry& other) {
    return other.nonce > entry.nonce;
  });
  const absl::Status sent = Send(*open_.insert(place, entry), latest);
  DropEnded();
  if (!sent.ok()) notice_("send", absl::StrCat(Describe(entry), ": ", sent.message()));
  return absl::OkStatus();
}

absl::Status TransactionSender::Push(const chain::Block& latest) {
  bool first = true;
  for (OutboxEntry& entry : open_) {
    if (entry.receipt.has_value() || nonce_ > entry.nonce) continue;
    const auto sending = sendings_.find(entry.id);
    if (sending == sendings_.end()) {
      RETURN_IF_ERROR(Send(entry, latest));
    } else if (sending->second.raise ||
               latest.number >= sending->second.last_block + kRaiseAfterBlocks) {
      // Those behind the first one wait for it, not for a better fee.
      RETURN_IF_ERROR(first ? Raise(entry, latest) : Send(entry, latest));
    }
    first = false;
  }
  DropEnded();
  return absl::OkStatus();
}

absl::Status TransactionSender::Raise(OutboxEntry& entry, const chain::Block& latest) {
  ASSIGN_OR_RETURN(const chain::Fees suggested, SuggestedFees());
  const absl::StatusOr<Uint256> most = MostFee(entry, suggested, latest);
  const std::optional<chain::Fees> raised =
      most.ok() ? RaisedFees(entry.attempts.back().fees, suggested, *most, IsUrgent(entry, latest))
                : std::nullopt;
  if (!most.ok()) notice_("raise", absl::StrCat(Describe(entry), ": ", most.status().message()));
  if (raised.has_value()) {
    const Attempt attempt = Sign(entry, *raised);
    RETURN_IF_ERROR(outbox_.AddAttempt(entry, attempt));
    entry.attempts.push_back(attempt);
  } else if (most.ok()) {
    notice_("most fee",
            absl::StrCat(Describe(entry), " offers ", Gwei(entry.attempts.back().fees.max_fee),
                         " and is in no block; limit ", Gwei(*most)));
  }
  return Send(entry, latest);
}

absl::Status TransactionSender::Send(OutboxEntry& entry, const chain::Block& latest) {
  const absl::Status status = client_.Send(entry.attempts.back().transaction);
  // Whether it arrived is unknown: the same bytes go out again at the next turn.
  if (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) return status;
  Sending& sending =
      sendings_.try_emplace(entry.id, Sending{latest.number, 0, false}).first->second;
  sending.last_block = latest.number;
  sending.raise = absl::IsFailedPrecondition(status);
  // A used nonce is Watch's matter: it may be this transaction that used it.
  if (status.ok() || absl::IsAlreadyExists(status)) return absl::OkStatus();
  if (absl::IsInvalidArgument(status)) entry.state = SendState::kRefused;
  entry.error = std::string(status.message());
  notice_(absl::StrCat("send ", entry.id), absl::StrCat(Describe(entry), ": ", entry.error));
  return outbox_.Update(entry);
}

}  // namespace kaisar::reporter
