#include "tests/gpu/host_round.h"

#include <gtest/gtest.h>

#include "base/entropy.h"
#include "kernels/element.h"
#include "kernels/rows.h"

namespace kaisar::kernels {
namespace {

// What the GPU is compared with.
TEST(HostRound, EqualsTheDotProductOfEveryRowAndColumn) {
  constexpr std::uint32_t kN = 1024;  // several blocks of k, whatever the instruction set
  Digest seed;
  ASSERT_TRUE(OsEntropy().Fill(absl::MakeSpan(seed)).ok());
  std::vector<std::int8_t> w(kN * kN);
  std::vector<std::int8_t> z(kN * kN);
  GenerateRows(seed, Matrix::kW, 0, kN, absl::MakeSpan(w));
  GenerateRows(seed, Matrix::kZ0, 0, kN, absl::MakeSpan(z));
  const std::vector<std::int8_t> next = HostRound(w, z, kN);
  const absl::Span<const std::int8_t> rows = w;
  const absl::Span<const std::int8_t> columns = z;
  for (std::size_t r = 0; r < kN; ++r) {
    for (std::size_t c = 0; c < kN; ++c) {
      const std::int32_t sum = DotProduct(rows.subspan(r * kN, kN), columns.subspan(c * kN, kN));
      ASSERT_EQ(next[r * kN + c], ElementFromSum(sum)) << r << ", " << c;
    }
  }
}

}  // namespace
}  // namespace kaisar::kernels
