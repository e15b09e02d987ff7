#include "audit/figures.h"

#include <gtest/gtest.h>

#include "audit/names.h"

namespace kaisar::audit {
namespace {

TEST(Figures, HaveThreeDigitsRoundedDown) {
  EXPECT_EQ(FormatRate(0), "0 op/s");
  EXPECT_EQ(FormatRate(999), "999 op/s");
  EXPECT_EQ(FormatRate(1000), "1.00 kop/s");
  EXPECT_EQ(FormatRate(12'390'000'000), "12.3 Gop/s");
  EXPECT_EQ(FormatRate(999'999'999'999), "999 Gop/s");
  EXPECT_EQ(FormatRate(1'234'000'000'000), "1.23 Top/s");
  EXPECT_EQ(FormatBitRate(0), "0 bit/s");
  EXPECT_EQ(FormatBitRate(941'999'999), "941 Mbit/s");
  EXPECT_EQ(FormatBitRate(9'415'000'000), "9.41 Gbit/s");
  EXPECT_EQ(FormatRate(5'000'000'000'000'000'000), "5000 Pop/s");
}

TEST(Figures, ReadAsPeopleSayThem) {
  EXPECT_EQ(FormatShare(1'000'000), "100.0 %");
  EXPECT_EQ(FormatShare(987'654), "98.7 %");
  EXPECT_EQ(FormatShare(999), "0.0 %");
  EXPECT_EQ(FormatMicroseconds(412), "412 us");
  EXPECT_EQ(FormatMicroseconds(1'239), "1.23 ms");
  EXPECT_EQ(FormatMicroseconds(2'050'000), "2.05 s");
  EXPECT_EQ(FormatDuration(42'999), "42 s");
  EXPECT_EQ(FormatDuration(185'000), "3:05");
  EXPECT_EQ(FormatDuration(7'205'000), "2:00:05");
  EXPECT_EQ(NameOf(v1::MATMUL), "matmul");
}

}  // namespace
}  // namespace kaisar::audit
