#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kaisar::audit {

/// Tells how seldom chance alone puts `picked` as low among all values as it is: the exact
/// one-sided rank-sum test of Mann and Whitney. Of all ways to pick as many values out of both
/// lists together, the part whose ranks add up to no more; equal values share their middle rank.
/// Nothing is assumed of how values are spread.
///
/// Result: above 0, at most 1; 1 when a list is empty.
/// Cost:   quadratic in the number of all values and linear in that of the picked ones: a tenth of
/// a
///         second for 64 and 64.
double ChanceOfRanks(const std::vector<std::uint64_t>& picked,
                     const std::vector<std::uint64_t>& others);

/// The smallest result that lists of these lengths can have: 1 / C(picked + others, picked).
double LeastChanceOfRanks(std::size_t picked, std::size_t others);

/// Tells how seldom chance alone gives `found` or more of the marked ones to a draw: Fisher's exact
/// test, one-sided.
///
/// Shapes: `found` ≤ `drawn` ≤ `all`; `found` ≤ `marked` ≤ `all`.
/// Result: above 0, at most 1, but for what a double cannot hold.
double ChanceOfMarked(std::uint64_t found, std::uint64_t drawn, std::uint64_t marked,
                      std::uint64_t all);

}  // namespace kaisar::audit
