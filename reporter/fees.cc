#include "reporter/fees.h"

#include <algorithm>

namespace kaisar::reporter {
namespace {

/// An eighth more, rounded up, and one wei at least.
Uint256 Raised(const Uint256& fee) {
  return fee + std::max((fee + Uint256(7)) / Uint256(8), Uint256(1));
}

}  // namespace

Uint256 MostReplaceableFee(const Uint256& most_fee) {
  return most_fee / Uint256(9) * Uint256(8);  // what Raised takes as far as most_fee
}

chain::Fees FirstFees(const chain::Fees& suggested, const Uint256& most_fee, bool urgent) {
  const Uint256 times(urgent ? 2 : 1);
  // Not less than what is needed now.
  const Uint256 room =
      std::max(MostReplaceableFee(most_fee), std::min(suggested.max_fee, most_fee));
  chain::Fees fees;
  fees.max_fee = std::min(suggested.max_fee * times, room);
  fees.priority_fee = std::min(suggested.priority_fee * times, fees.max_fee);
  return fees;
}

std::optional<chain::Fees> RaisedFees(const chain::Fees& last, const chain::Fees& suggested,
                                      const Uint256& most_fee, bool urgent) {
  const chain::Fees least{Raised(last.max_fee), Raised(last.priority_fee)};
  if (least.max_fee > most_fee || least.priority_fee > most_fee) return std::nullopt;
  const chain::Fees wanted = FirstFees(suggested, most_fee, urgent);
  chain::Fees raised;
  raised.max_fee = urgent ? most_fee : std::max(least.max_fee, wanted.max_fee);
  if (Raised(raised.max_fee) > most_fee) raised.max_fee = most_fee;
  raised.priority_fee = std::min(std::max(least.priority_fee, wanted.priority_fee), raised.max_fee);
  return raised;
}

}  // namespace kaisar::reporter
