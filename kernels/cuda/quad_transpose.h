#pragma once

#include <cstdint>

#include "kernels/cuda/host_device.h"
#include "kernels/cuda/mma_fragments.h"

namespace kaisar::kernels {

// After a tile, a row of a warp's 64 elements lies in the four lanes of a group, 16 in each, but
// two here and two there: lane member m has columns 8j + 2m and 8j + 2m + 1 of products j = 0 … 7.
// To store whole sectors, each lane wants 16 columns in a row:
//
//   before: words[p] of member m: columns 16p + 2m, + 2m + 1, 16p + 8 + 2m, + 2m + 1
//   after:  words[i] of member m: columns 16m + 4i … 16m + 4i + 3

/// Four bytes of a row that is to be stored.
struct QuadWords {
  std::uint32_t words[4];
};

/// The words of one row before the transposition: sums `index` and `index` + 1 of eight products.
/// `element` makes a byte of a sum.
template <typename Sum, typename ToElement>
KAISAR_HOST_DEVICE QuadWords PackRow(const Sum (&products)[8][4], std::uint32_t index,
                                     ToElement element) {
  const auto word = [&](int p) -> std::uint32_t {
    return element(products[2 * p][index]) | element(products[2 * p][index + 1]) << 8 |
           element(products[2 * p + 1][index]) << 16 |
           element(products[2 * p + 1][index + 1]) << 24;
  };
  return {{word(0), word(1), word(2), word(3)}};
}

/// One half of a transposition of 4×4 words among the lanes of a group: each lane gives away two of
/// its words and puts what it gets in their place. Bit 0 first, then bit 1, transposes.
///
/// `exchange(pair, word)` gives `word` to the lane whose number differs in `bit` (1 or 2) and
/// returns what that lane gave; all lanes call it together.
template <typename Exchange>
KAISAR_HOST_DEVICE void ExchangeWords(QuadWords& quad, std::uint32_t lane, std::uint32_t bit,
                                      Exchange exchange) {
  const bool upper = (lane & bit) != 0;
  for (std::uint32_t pair = 0; pair < 2; ++pair) {
    const std::uint32_t low = bit == 1 ? 2 * pair : pair;
    std::uint32_t& first = quad.words[low];
    std::uint32_t& second = quad.words[low + bit];
    const std::uint32_t got = exchange(pair, upper ? first : second);
    first = upper ? got : first;
    second = upper ? second : got;
  }
}

/// After the transposition words[i] of member m is what member i had for columns 16m … 16m + 15;
/// this puts the pairs of columns in order.
KAISAR_HOST_DEVICE QuadWords OrderColumns(const QuadWords& quad) {
  const auto low = [&](int i) { return quad.words[i] & 0xFFFF; };
  const auto high = [&](int i) { return quad.words[i] >> 16; };
  return {{low(0) | low(1) << 16, low(2) | low(3) << 16, high(0) | high(1) << 16,
           high(2) | high(3) << 16}};
}

/// The first of the 16 columns that a lane stores.
KAISAR_HOST_DEVICE constexpr std::uint32_t StoredColumn(std::uint32_t lane) {
  return 16 * MemberOf(lane);
}

}  // namespace kaisar::kernels
