#include <gtest/gtest.h>

#include <functional>

#include "tests/gpu/host_round.h"
#include "tests/gpu/round_fixture.h"

namespace kaisar::kernels {
namespace {

// Matrices that nobody draws: the largest sums, and those that show a wrong place at once.
class HardInputs : public RoundTest {
 protected:
  using Element = std::function<int(std::uint32_t row, std::uint32_t column)>;

  static Matrix8 Filled(std::uint32_t n, const Element& element) {
    Matrix8 matrix(std::size_t{n} * n);
    for (std::uint32_t r = 0; r < n; ++r) {
      for (std::uint32_t c = 0; c < n; ++c) {
        matrix[std::size_t{r} * n + c] = static_cast<std::int8_t>(element(r, c));
      }
    }
    return matrix;
  }
  static Matrix8 All(std::uint32_t n, int element) {
    return Matrix8(std::size_t{n} * n, static_cast<std::int8_t>(element));
  }
  static Matrix8 OneElement(std::uint32_t n, std::uint32_t row, std::uint32_t column, int element) {
    Matrix8 matrix = All(n, 0);
    matrix[std::size_t{row} * n + column] = static_cast<std::int8_t>(element);
    return matrix;
  }

  void ExpectTheCpus(const Matrix8& w, const Matrix8& z, std::uint32_t n) {
    Begin(w, n);
    EXPECT_TRUE(Same(HostRound(w, z, n), RoundOf(z), n));
  }
};

// Sums of ±2^14 · n: at n = 1024 they reach 2^24, where fp32 ends to be exact.
TEST_P(HardInputs, AllElementsAtTheirEnds) {
  for (const std::uint32_t n : Sizes(4096)) {
    for (const int w : {-128, 127}) {
      for (const int z : {-128, 127}) {
        SCOPED_TRACE(testing::Message() << "n = " << n << ", all " << w << " and all " << z);
        ExpectTheCpus(All(n, w), All(n, z), n);
      }
    }
  }
}

// Partial sums beyond 2^24 that come back: the last one tells nothing of what was lost.
TEST_P(HardInputs, LargePartialSumsThatCancel) {
  const std::uint32_t n = Sizes(8192).back();
  if (n < 4096) GTEST_SKIP() << "no sum gets near 2^24 at this size";
  const Matrix8 noise = RandomMatrix(n);
  const auto odd = [&](std::uint32_t r, std::uint32_t c) {
    return 127 - (noise[std::size_t{r} * n + c] & 3);
  };
  const Matrix8 w = Filled(n, odd);
  const Matrix8 z = Filled(n, [&](std::uint32_t r, std::uint32_t c) {
    return c < n / 2 ? odd(c, r) : -odd(c - n / 2, r);
  });
  ExpectTheCpus(w, z, n);
  if (GetParam() == RoundPath::kBf16) {
    EXPECT_GT(Inexact(), 0U);
  }
}

// One tile alone has sums beyond 2^24; the others must stay right, too.
TEST_P(HardInputs, OneRowAndColumnBeyondFp32) {
  const std::uint32_t n = Sizes(4096).back();
  if (n < 2048) GTEST_SKIP() << "no sum gets beyond 2^24 at this size";
  Matrix8 w = RandomMatrix(n);
  Matrix8 z = RandomMatrix(n);
  const std::size_t row = std::size_t{n / 2 + 3} * n;
  for (std::uint32_t k = 0; k < n; ++k) {
    w[row + k] = static_cast<std::int8_t>(-128 + (w[row + k] & 1));
    z[row + k] = static_cast<std::int8_t>(-128 + (z[row + k] & 1));
  }
  ExpectTheCpus(w, z, n);
  if (GetParam() == RoundPath::kBf16) {
    EXPECT_GT(Inexact(), 0U);
  }
}

// The product of two single elements is at one place; a tile that is swapped or shifted shows.
TEST_P(HardInputs, SingleElements) {
  const std::uint32_t n = 512;
  const std::uint32_t places[] = {0, 1, 7, 31, 63, 64, 127, 128, 255, 256, n - 1};
  for (const std::uint32_t r : places) {
    for (const std::uint32_t k : {std::uint32_t{0}, std::uint32_t{100}, n - 1}) {
      SCOPED_TRACE(testing::Message() << "row " << r << ", k " << k);
      ExpectTheCpus(OneElement(n, r, k, -128), OneElement(n, n - 1 - r, k, 127), n);
    }
  }
}

// With the identity as W, next is the transposed state, each element mapped alone.
TEST_P(HardInputs, IdentityAndItsShifts) {
  const std::uint32_t n = Sizes(1024).back();
  for (const std::uint32_t shift : {0U, 1U, 16U, 200U}) {
    SCOPED_TRACE(testing::Message() << "shifted by " << shift);
    const auto shifted = [&](std::uint32_t r, std::uint32_t c) {
      return c == (r + shift) % n ? 1 : 0;
    };
    ExpectTheCpus(Filled(n, shifted), RandomMatrix(n), n);
    ExpectTheCpus(RandomMatrix(n), Filled(n, shifted), n);
  }
}

// Every element says where it is.
TEST_P(HardInputs, ElementsThatNameTheirRowOrColumn) {
  for (const std::uint32_t n : Sizes(1024)) {
    SCOPED_TRACE(testing::Message() << "n = " << n);
    const Matrix8 rows = Filled(n, [](std::uint32_t r, std::uint32_t) { return r & 255; });
    const Matrix8 columns = Filled(n, [](std::uint32_t, std::uint32_t c) { return c & 255; });
    ExpectTheCpus(rows, columns, n);
    ExpectTheCpus(columns, rows, n);
    ExpectTheCpus(rows, rows, n);
  }
}

TEST_P(HardInputs, ZerosAndRandom) {
  const std::uint32_t n = 256;
  ExpectTheCpus(All(n, 0), All(n, 0), n);
  ExpectTheCpus(RandomMatrix(n), All(n, 0), n);
}

INSTANTIATE_TEST_SUITE_P(Paths, HardInputs, testing::ValuesIn(kEveryPath), NameOfParam);

}  // namespace
}  // namespace kaisar::kernels
