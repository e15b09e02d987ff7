#include "chain/header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "chain/rlp.h"
#include "tests/unit/chain/vectors.h"

namespace kaisar::chain {
namespace {

using ::testing::HasSubstr;

std::uint64_t QuantityOf(const nlohmann::json& hex) {
  return std::stoull(hex.get<std::string>(), nullptr, 16);
}

/// tests/vectors/chain/make_encoding.mjs, by ethers.
TEST(Header, IsReadOfEveryFork) {
  const nlohmann::json vectors = VectorsOf("encoding");
  ASSERT_FALSE(vectors.at("headers").empty());
  for (const auto& entry : vectors.at("headers")) {
    const auto fields = ParseHeader(BytesOf(entry.at("encoded")));
    ASSERT_TRUE(fields.ok()) << fields.status() << entry.at("fork");
    const auto& block = entry.at("block");
    EXPECT_EQ(fields->hash, FixedOf<32>(block.at("hash"))) << entry.at("fork");
    EXPECT_EQ(fields->parent, FixedOf<32>(block.at("parentHash"))) << entry.at("fork");
    EXPECT_EQ(fields->number, QuantityOf(block.at("number"))) << entry.at("fork");
    EXPECT_EQ(fields->timestamp_s, QuantityOf(block.at("timestamp"))) << entry.at("fork");
  }
}

TEST(Header, IsRefusedWhenCutAnywhere) {
  const nlohmann::json vectors = VectorsOf("encoding");
  const Bytes whole = BytesOf(vectors.at("headers").at(0).at("encoded"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ParseHeader(ByteView(whole).first(size)).ok()) << size;
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(ParseHeader(longer).ok());
}

TEST(Header, IsRefusedWhenItIsAnotherList) {
  const std::vector<Bytes> few(11, RlpInteger(1));
  EXPECT_THAT(std::string(ParseHeader(RlpList(few)).status().message()), HasSubstr("11 fields"));
  std::vector<Bytes> fields(15, RlpInteger(1));
  EXPECT_THAT(std::string(ParseHeader(RlpList(fields)).status().message()),
              HasSubstr("parent has 1 bytes"));
  fields[0] = RlpString(Digest{});
  EXPECT_TRUE(ParseHeader(RlpList(fields)).ok());
  fields[11] = RlpString(Bytes(9, 1));
  EXPECT_THAT(std::string(ParseHeader(RlpList(fields)).status().message()),
              HasSubstr("field 11 has 9 bytes"));
  EXPECT_FALSE(ParseHeader(RlpString(Bytes(600, 1))).ok());
  EXPECT_FALSE(ParseHeader(Bytes(9, 0xff)).ok());  // a length of 2^64 - 1
}

}  // namespace
}  // namespace kaisar::chain
