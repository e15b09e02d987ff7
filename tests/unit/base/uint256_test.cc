#include "base/uint256.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace kaisar {
namespace {

const char kLargest[] =
    "115792089237316195423570985008687907853269984665640564039457584007913129639935";

Uint256 Number(const std::string& decimal) {
  return Uint256::FromDecimal(decimal).value();
}

TEST(Uint256, ReadsAndWritesDecimals) {
  for (const char* text :
       {"0", "1", "18446744073709551615", "18446744073709551616", "10000000000000000000",
        "100000000000000000000000000000000000000", kLargest}) {
    EXPECT_EQ(Number(text).ToDecimal(), text);
  }
}

TEST(Uint256, RefusesWhatIsNoDecimalNumberBelowTwoToThe256) {
  for (const char* text :
       {"", "-1", "+1", " 1", "01", "0x10", "1.0", "1e3",
        "115792089237316195423570985008687907853269984665640564039457584007913129639936",
        "999999999999999999999999999999999999999999999999999999999999999999999999999999999"}) {
    EXPECT_EQ(Uint256::FromDecimal(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(Uint256, SaturatesWhereItDoesNotFit64Bits) {
  EXPECT_EQ(Number("18446744073709551615").ToUint64(), 0xffffffffffffffffu);
  EXPECT_TRUE(Number("18446744073709551615").FitsUint64());
  EXPECT_EQ(Number("18446744073709551616").ToUint64(), 0xffffffffffffffffu);
  EXPECT_FALSE(Number("18446744073709551616").FitsUint64());
}

TEST(Uint256, OrdersAsNumbers) {
  EXPECT_LT(Uint256(255), Uint256(256));
  EXPECT_GT(Number("18446744073709551616"), Uint256(0xffffffffffffffffu));
  EXPECT_TRUE(Uint256(0).is_zero());
}

/// tests/vectors/make_uint256.py, by Python.
TEST(Uint256, CalculatesAsPythonDoes) {
  std::ifstream file(std::string(std::getenv("KAISAR_SOURCE_DIR")) + "/tests/vectors/uint256.json");
  const auto vectors = nlohmann::json::parse(file);
  ASSERT_GT(vectors.at("cases").size(), 100u);
  for (const auto& entry : vectors.at("cases")) {
    const Uint256 a = Number(entry.at(0));
    const Uint256 b = Number(entry.at(1));
    const auto expect = [&](std::size_t column, auto calculate) {
      // What does not fit is a death, tested below.
      if (entry.at(column).is_null()) return;
      EXPECT_EQ(calculate().ToDecimal(), entry.at(column).get<std::string>()) << entry;
    };
    expect(2, [&] { return a + b; });
    expect(3, [&] { return a - b; });
    expect(4, [&] { return a * b; });
    expect(5, [&] { return a / b; });
    expect(6, [&] { return a % b; });
  }
}

TEST(Uint256Death, NeverWraps) {
  EXPECT_DEATH(Number(kLargest) + 1, "AddTo");
  EXPECT_DEATH(Uint256(1) - 2, "SubtractFrom");
  EXPECT_DEATH(Number("340282366920938463463374607431768211456") *
                   Number("340282366920938463463374607431768211456"),
               "x\\[i\\] == 0");
  EXPECT_DEATH(Number(kLargest) * 2, "carry == 0");
  EXPECT_DEATH(Uint256(1) / 0, "is_zero");
  EXPECT_DEATH(Uint256(1) % 0, "is_zero");
}

TEST(FormatEther, WritesAmountsAsPeopleReadThem) {
  EXPECT_EQ(FormatEther(0), "0");
  EXPECT_EQ(FormatEther(Number("12500000000000000000")), "12.5");
  EXPECT_EQ(FormatEther(Number("12000000000000000000")), "12");
  EXPECT_EQ(FormatEther(Number("1999999999999999999")), "1.999999");
  EXPECT_EQ(FormatEther(Number("1999999999999999999"), 0), "1");
  EXPECT_EQ(FormatEther(1, 18), "0.000000000000000001");
  EXPECT_EQ(FormatEther(1), "0");
  EXPECT_EQ(FormatEther(Number(kLargest), 18),
            "115792089237316195423570985008687907853269984665640564039457.584007913129639935");
}

TEST(ParseEther, ReadsWhatFormatEtherWrites) {
  for (const char* text : {"0", "12.5", "0.000000000000000001", "1000000000", "7.07"}) {
    EXPECT_EQ(FormatEther(ParseEther(text).value(), 18), text);
  }
  EXPECT_EQ(ParseEther("1.50")->ToDecimal(), "1500000000000000000");
}

TEST(ParseEther, RefusesWhatIsNoAmount) {
  for (const char* text : {"", ".", ".5", "1.", "1..2", "-1", "01", "1e3", "1.0000000000000000001",
                           "115792089237316195423570985008687907853269984665640564039458"}) {
    EXPECT_EQ(ParseEther(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace kaisar
