#include "audit/soundness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace kaisar::audit {
namespace {

using ::testing::DoubleNear;

TEST(Soundness, IsThatOfDocsProtocolForOneProof) {
  // (1 - 0.1 · 255/256)^64 and so on, with another program.
  EXPECT_THAT(ChanceUnseen(100'000, 64), DoubleNear(0.0012122, 1e-7));
  EXPECT_THAT(ChanceUnseen(50'000, 64), DoubleNear(0.0380211, 1e-7));
  EXPECT_THAT(ChanceUnseen(10'000, 64), DoubleNear(0.5269254, 1e-7));
}

TEST(Soundness, NeedsSamplesAndLeavesOutSomething) {
  EXPECT_EQ(ChanceUnseen(100'000, 0), 1);
  EXPECT_EQ(ChanceUnseen(0, 1000), 1);
  // Whoever leaves out all of it still guesses: one byte of 256 is right.
  EXPECT_THAT(ChanceUnseen(1'000'000, 1), DoubleNear(1.0 / 256, 1e-12));
}

TEST(Soundness, OfManySamplesIsTheProductOfAll) {
  EXPECT_THAT(ChanceUnseen(50'000, 512) / std::pow(ChanceUnseen(50'000, 64), 8),
              DoubleNear(1, 1e-9));
}

TEST(Soundness, IsWrittenSoThatASmallChanceIsNotNothing) {
  EXPECT_EQ(FormatChance(1), "100 %");
  EXPECT_EQ(FormatChance(ChanceUnseen(10'000, 64)), "52.7 %");
  EXPECT_EQ(FormatChance(ChanceUnseen(50'000, 64)), "3.8 %");
  EXPECT_EQ(FormatChance(ChanceUnseen(100'000, 64)), "0.12 %");
  EXPECT_EQ(FormatChance(1e-4), "0.01 %");
  EXPECT_EQ(FormatChance(4.4e-12), "4·10⁻¹²");
  EXPECT_EQ(FormatChance(9.6e-7), "1·10⁻⁶");
  EXPECT_EQ(FormatChance(ChanceUnseen(100'000, 1'000'000)), "below 10⁻³⁰⁰");
}

}  // namespace
}  // namespace kaisar::audit
