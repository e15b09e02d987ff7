#include "base/bytes.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/hex.h"
#include "base/plain_values.h"
#include "base/printable.h"

namespace kaisar {
namespace {

TEST(Bytes, AppendsIntegersInBigEndianOrderOfFixedWidth) {
  Bytes bytes = {9};
  AppendBigEndian32(bytes, 0x01020304);
  AppendBigEndian64(bytes, 0xf1f2f3f4f5f6f7f8);
  Append(bytes, ViewOf("a"));
  EXPECT_EQ(ToHex(bytes), "0901020304f1f2f3f4f5f6f7f861");
}

TEST(Bytes, LoadsALittleEndianIntegerFromAnyAddress) {
  const Bytes bytes = {0xff, 1, 2, 3, 4, 5, 6, 7, 0x88};
  EXPECT_EQ(LoadLittleEndian64(bytes.data() + 1), 0x8807060504030201);
}

TEST(Bytes, CopiesIntoAnArrayOnlyWhenTheSizeFits) {
  std::array<std::uint8_t, 2> array = {7, 7};
  EXPECT_FALSE(CopyExactly(Bytes{1}, array));
  EXPECT_FALSE(CopyExactly(Bytes{1, 2, 3}, array));
  EXPECT_EQ(array, (std::array<std::uint8_t, 2>{7, 7}));
  EXPECT_TRUE(CopyExactly(Bytes{1, 2}, array));
  EXPECT_EQ(array, (std::array<std::uint8_t, 2>{1, 2}));
}

TEST(Bytes, TurnIntoTextAndBackWithNulBytes) {
  const std::string text("a\0\xff", 3);
  EXPECT_EQ(ToString(ViewOf(text)), text);
  EXPECT_EQ(ViewOf(text)[2], 0xff);
}

TEST(Hex, WritesLowerCaseAndReadsEitherCaseWithOrWithoutPrefix) {
  const Bytes bytes = {0x00, 0xab, 0xff};
  EXPECT_EQ(ToPrefixedHex(bytes), "0x00abff");
  EXPECT_EQ(ToHex(bytes), "00abff");
  for (const char* text : {"00abff", "00ABFF", "0x00aBfF", "0X00abff"}) {
    EXPECT_EQ(ParseHex(text).value(), bytes) << text;
  }
  EXPECT_EQ(ParseHex("").value(), Bytes{});
  EXPECT_EQ(ParseHex("0x").value(), Bytes{});
}

TEST(Hex, NamesWhatIsWrong) {
  EXPECT_EQ(ParseHex("abc").status().message(), "hex has an odd number of digits, 3");
  EXPECT_EQ(ParseHex("00g0").status().message(), "hex has a wrong digit at position 2");
  EXPECT_EQ(ParseHex("000 ").status().message(), "hex has a wrong digit at position 3");
  EXPECT_EQ(ParseHex("0x0x").status().message(), "hex has a wrong digit at position 1");
  EXPECT_EQ(ParseHexArray<4>("0x0102").status().message(), "hex gives 2 bytes, expected 4");
  EXPECT_EQ(ParseHexArray<2>("0102").value(), (std::array<std::uint8_t, 2>{1, 2}));
  EXPECT_EQ(ParseHex("abc").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Decimal, IsDigitsWithoutSignLeadingZerosOrSpace) {
  std::uint64_t value = 77;
  for (const char* text : {"", "-1", "+1", "01", "00", " 1", "1 ", "0x1", "1e3", "1.0", "1_000",
                           "18446744073709551616", "99999999999999999999"}) {
    EXPECT_FALSE(ParseDecimal(text, value)) << text;
  }
  EXPECT_EQ(value, 77u);
  EXPECT_TRUE(ParseDecimal("0", value));
  EXPECT_EQ(value, 0u);
  EXPECT_TRUE(ParseDecimal("18446744073709551615", value));
  EXPECT_EQ(value, std::numeric_limits<std::uint64_t>::max());
}

TEST(Printable, KeepsAsciiAndNothingElse) {
  EXPECT_EQ(Printable("ok\n\x1b\xc3\xa9 ~", 100), "ok???? ~");
  EXPECT_EQ(Printable("abcdef", 3), "abc");
}

}  // namespace
}  // namespace kaisar
