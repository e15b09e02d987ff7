#include "reporter/balance_watch.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/status_macros.h"

namespace kaisar::reporter {
namespace {

constexpr std::uint64_t kEveryMs = 600'000;

}  // namespace

std::uint64_t EpochsLeft(const Uint256& balance, const Uint256& gas_price,
                         std::uint64_t epoch_gas) {
  if (gas_price.is_zero()) return std::numeric_limits<std::uint64_t>::max();
  return (balance / (gas_price * Uint256(epoch_gas))).ToUint64();
}

absl::StatusOr<std::string> BalanceWatch::Look(chain::ChainClient& client,
                                               const chain::Block& latest, std::uint64_t wall_ms) {
  if (wall_ms < next_ms_) return std::string();
  ASSIGN_OR_RETURN(const Uint256 balance, client.Balance(account_));
  ASSIGN_OR_RETURN(const chain::Fees fees, client.SuggestFees());
  next_ms_ = wall_ms + kEveryMs;
  const Uint256 price(latest.base_fee.ToUint64());  // saturates at what nobody pays
  const std::uint64_t epochs =
      EpochsLeft(balance, price + Uint256(fees.priority_fee.ToUint64()), epoch_gas_);
  low_now_ = balance < low_ || epochs == 0;
  if (!low_now_) return std::string();
  return absl::StrCat("hot key 0x", ToHex(account_), " has ", FormatEther(balance, 9),
                      " left, the limit for this warning is ", FormatEther(low_, 9), ": it lasts ",
                      epochs, " epochs at today's gas price; send coins to it");
}

}  // namespace kaisar::reporter
