#pragma once

#include <optional>

#include "chain/transaction.h"

namespace kaisar::reporter {

/// The most that an attempt may offer so that one more can be made within `most_fee`.
Uint256 MostReplaceableFee(const Uint256& most_fee);

/// What a transaction's first attempt offers: what the chain suggests, twice that when it is
/// urgent, never more than `most_fee`; it leaves room for a raise where the suggestion allows it.
///
/// Units: wei per gas.
chain::Fees FirstFees(const chain::Fees& suggested, const Uint256& most_fee, bool urgent);

/// What the next attempt offers. Nodes take a replacement only when it raises both fees by a tenth;
/// this one raises them by an eighth at least. When the attempt after it could no longer do so, it
/// offers `most_fee` at once; so does an urgent one.
///
/// Result: null when `last` cannot be raised within `most_fee`.
/// Source: go-ethereum, txpool price bump (10 %).
std::optional<chain::Fees> RaisedFees(const chain::Fees& last, const chain::Fees& suggested,
                                      const Uint256& most_fee, bool urgent);

}  // namespace kaisar::reporter
