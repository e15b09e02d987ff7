#include "kernels/element.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <random>
#include <vector>

namespace kaisar::kernels {
namespace {

TEST(Element, IsTheTopByteOfTheProductWithTheMultiplier) {
  EXPECT_EQ(ElementFromSum(0), 0);
  EXPECT_EQ(ElementFromSum(1), static_cast<std::int8_t>(0x9E));
  EXPECT_EQ(ElementFromSum(-1), static_cast<std::int8_t>(0x61));  // 2^32 - 0x9E3779B1
  EXPECT_EQ(ElementFromSum(256), static_cast<std::int8_t>(0x37));
  EXPECT_EQ(ElementFromSum(1 << 30), static_cast<std::int8_t>(0x40));
}

TEST(DotProduct, IsExactOnEveryTargetAndAtEveryLength) {
  std::mt19937_64 random(11);
  for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
    hwy::SetSupportedTargetsForTest(left & -left);
    for (const std::size_t size : {0U, 1U, 7U, 31U, 64U, 100U, 256U, 1000U, 8192U}) {
      std::vector<std::int8_t> a(size), b(size);
      std::int32_t expected = 0;
      for (std::size_t i = 0; i < size; ++i) {
        a[i] = static_cast<std::int8_t>(random());
        b[i] = static_cast<std::int8_t>(random());
        expected += a[i] * b[i];
      }
      EXPECT_EQ(DotProduct(a, b), expected) << hwy::TargetName(left & -left) << ", " << size;
    }
    const std::vector<std::int8_t> lowest(32768, -128);
    EXPECT_EQ(DotProduct(lowest, lowest), 32768 * 128 * 128);
    hwy::SetSupportedTargetsForTest(0);
  }
}

}  // namespace
}  // namespace kaisar::kernels
