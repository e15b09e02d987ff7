#include "kernels/rows.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/bytes.h"
#include "base/hex.h"

namespace kaisar::kernels {
namespace {

std::vector<std::int8_t> Rows(const Digest& seed, Matrix matrix, std::uint64_t first,
                              std::uint32_t n, std::size_t count) {
  std::vector<std::int8_t> rows(count * n);
  GenerateRows(seed, matrix, first, n, absl::MakeSpan(rows));
  return rows;
}

TEST(Rows, OfTheZeroSeedBeginWithThePublishedKeystream) {
  // RFC 8439, A.1, test vector 1: zero key, zero nonce, block counter 0.
  const std::vector<std::int8_t> row = Rows(Digest{}, Matrix::kW, 0, 256, 1);
  EXPECT_EQ(ToHex(ByteView(reinterpret_cast<const std::uint8_t*>(row.data()), 64)),
            "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
            "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
}

TEST(Rows, TakeTheRowNumberAsLittleEndianInTheNonce) {
  // RFC 8439, A.1, test vector 5: zero key, nonce ending in 02, that is row 2^57.
  const std::vector<std::int8_t> row = Rows(Digest{}, Matrix::kW, std::uint64_t{2} << 56, 256, 1);
  EXPECT_EQ(ToHex(ByteView(reinterpret_cast<const std::uint8_t*>(row.data()), 32)),
            "c2c64d378cd536374ae204b9ef933fcd1a8b2288b3dfa49672ab765b54ee27c7");
}

TEST(Rows, AreTheSameAloneAndTogether) {
  Digest seed{};
  seed.fill(9);
  const std::vector<std::int8_t> together = Rows(seed, Matrix::kZ0, 5, 512, 3);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(
        Rows(seed, Matrix::kZ0, 5 + i, 512, 1),
        std::vector<std::int8_t>(together.begin() + static_cast<std::ptrdiff_t>(i * 512),
                                 together.begin() + static_cast<std::ptrdiff_t>(i * 512 + 512)));
  }
}

TEST(Rows, DifferBetweenTheTwoMatrices) {
  EXPECT_NE(Rows(Digest{}, Matrix::kW, 1, 256, 1), Rows(Digest{}, Matrix::kZ0, 1, 256, 1));
}

}  // namespace
}  // namespace kaisar::kernels
