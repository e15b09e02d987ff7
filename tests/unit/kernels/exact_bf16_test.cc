#include "kernels/cuda/exact_bf16.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <random>
#include <vector>

#include "kernels/cuda/mma_fragments.h"

namespace kaisar::kernels {
namespace {

TEST(ExactBf16, HoldsEveryElement) {
  for (int element = -128; element <= 127; ++element) {
    const std::uint32_t bits = std::uint32_t{Bf16Of(static_cast<std::int8_t>(element))} << 16;
    EXPECT_EQ(std::bit_cast<float>(bits), static_cast<float>(element));
  }
}

// Adds products as the kernel does, in fp32 and in any order within a step, and looks at the sum
// when the kernel does.
struct Summed {
  float sum = 0;
  bool inexact = false;
};
Summed SumInFloat(const std::vector<std::int8_t>& w, const std::vector<std::int8_t>& z,
                  std::mt19937& random) {
  Summed summed;
  constexpr std::size_t kOfSlice = kSliceBytes / 2;
  const auto slices = static_cast<std::uint32_t>(w.size() / kOfSlice);
  for (std::uint32_t slice = 0; slice < slices; ++slice) {
    std::vector<std::size_t> order(kOfSlice);
    for (std::size_t i = 0; i < kOfSlice; ++i) order[i] = slice * kOfSlice + i;
    std::shuffle(order.begin(), order.end(), random);
    for (const std::size_t k : order) summed.sum += static_cast<float>(w[k] * z[k]);
    if (LooksAfter(slice, slices)) {
      summed.inexact |= std::abs(summed.sum) > static_cast<float>(kLargestAtLook);
    }
  }
  return summed;
}

std::int64_t PlainSum(const std::vector<std::int8_t>& w, const std::vector<std::int8_t>& z) {
  std::int64_t sum = 0;
  for (std::size_t k = 0; k < w.size(); ++k) sum += w[k] * z[k];
  return sum;
}

TEST(ExactBf16, WhatIsNotDoneAgainIsExact) {
  std::mt19937 random(21);
  int exact = 0, done_again = 0;
  for (std::size_t n = 256; n <= 32768; n *= 2) {
    for (int trial = 0; trial < 40; ++trial) {
      // From independent elements to equal ones, whose sums are the largest there are.
      std::vector<std::int8_t> w(n), z(n);
      for (std::size_t k = 0; k < n; ++k) {
        w[k] = static_cast<std::int8_t>(random());
        const bool alike = random() % 40 < static_cast<unsigned>(trial);
        z[k] = alike ? w[k] : static_cast<std::int8_t>(random());
      }
      const Summed summed = SumInFloat(w, z, random);
      if (!summed.inexact) {
        EXPECT_EQ(static_cast<std::int64_t>(summed.sum), PlainSum(w, z)) << n;
      }
      ++(summed.inexact ? done_again : exact);
    }
  }
  EXPECT_GT(exact, 100);
  EXPECT_GT(done_again, 20);
}

TEST(ExactBf16, TheLargestSumsAreExactUpTo1024ElementsAndDoneAgainBeyond) {
  std::mt19937 random(22);
  for (std::size_t n = 256; n <= 32768; n *= 2) {
    const std::vector<std::int8_t> lowest(n, -128);
    const Summed summed = SumInFloat(lowest, lowest, random);
    EXPECT_EQ(summed.inexact, n > 1024) << n;
    if (!summed.inexact) {
      EXPECT_EQ(static_cast<std::int64_t>(summed.sum), PlainSum(lowest, lowest)) << n;
    }
  }
}

TEST(ExactBf16, ASumThatIsLargeOnlyOnTheWayIsFound) {
  std::mt19937 random(23);
  std::vector<std::int8_t> w(4096, -128), z(4096, -128);
  std::fill(z.begin() + 2048, z.end(), std::int8_t{127});
  EXPECT_TRUE(SumInFloat(w, z, random).inexact);
}

TEST(ExactBf16, RandomElementsAreNeverDoneAgain) {
  // 8.5 standard deviations at the last look of the largest state.
  const double deviation = 65535 / 12.0 * std::sqrt(32768.0 - kElementsBetweenLooks);
  EXPECT_GT(kLargestAtLook / deviation, 8.5);
}

}  // namespace
}  // namespace kaisar::kernels
