#include "chain/revert_reason.h"

#include <gtest/gtest.h>

#include "chain/abi.h"
#include "tests/unit/chain/vectors.h"

namespace kaisar::chain {
namespace {

Bytes WithSelector(const std::string& signature, const AbiEncoder& arguments) {
  return EncodeCall(signature, arguments);
}

TEST(DescribeRevert, NamesEveryErrorThatTheContractsDeclare) {
  const auto vectors = VectorsOf("errors");
  ASSERT_GT(vectors.at("errors").size(), 40u);
  for (const auto& entry : vectors.at("errors")) {
    EXPECT_EQ(DescribeRevert(BytesOf(entry.at("data"))), entry.at("told").get<std::string>())
        << entry.at("error") << ": chain/contract_errors.h must have it";
  }
}

TEST(DescribeRevert, TellsWhatARequireSays) {
  EXPECT_EQ(DescribeRevert(
                WithSelector("Error(string)", AbiEncoder().DynamicBytes(ViewOf("not\nyours")))),
            "not?yours");
  EXPECT_EQ(DescribeRevert(WithSelector("Error(string)", AbiEncoder().DynamicBytes({}))),
            "no reason given");
}

TEST(DescribeRevert, TellsWhatAPanicMeans) {
  EXPECT_EQ(DescribeRevert(WithSelector("Panic(uint256)", AbiEncoder().Uint(0x11))),
            "panic: an arithmetic overflow");
  EXPECT_EQ(DescribeRevert(WithSelector("Panic(uint256)", AbiEncoder().Uint(0x99))),
            "panic: code 153");
}

TEST(DescribeRevert, GivesHexOfWhatItDoesNotKnow) {
  EXPECT_EQ(DescribeRevert({}), "no reason given");
  EXPECT_EQ(DescribeRevert(Bytes{1, 2, 3}), "0x010203");
  EXPECT_EQ(DescribeRevert(Bytes{1, 2, 3, 4, 5}), "0x0102030405");
  EXPECT_EQ(DescribeRevert(Bytes(101, 0)), "0x" + std::string(200, '0') + "...");
  // A known selector with fewer arguments than its error has.
  EXPECT_EQ(DescribeRevert(Selector("AlreadyOpened(uint32)")),
            "0x" + ToHex(Selector("AlreadyOpened(uint32)")));
}

}  // namespace
}  // namespace kaisar::chain
