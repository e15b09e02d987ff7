#include "chain/rlp.h"

#include <gtest/gtest.h>

#include "tests/unit/chain/vectors.h"

namespace kaisar::chain {
namespace {

Bytes Encode(const nlohmann::json& item) {
  if (item.is_string()) return RlpString(BytesOf(item));
  std::vector<Bytes> items;
  for (const auto& inner : item) items.push_back(Encode(inner));
  return RlpList(items);
}

TEST(Rlp, EncodesAsEthersDoes) {
  const auto vectors = VectorsOf("encoding");
  for (const auto& entry : vectors.at("rlp")) {
    EXPECT_EQ(Encode(entry.at("item")), BytesOf(entry.at("encoded"))) << entry.at("encoded");
  }
  for (const auto& entry : vectors.at("integers")) {
    EXPECT_EQ(RlpInteger(Uint256::FromDecimal(entry.at("value").get<std::string>()).value()),
              BytesOf(entry.at("encoded")))
        << entry;
  }
}

TEST(Rlp, EncodesTheExamplesOfTheEthereumWiki) {
  EXPECT_EQ(ToHex(RlpString(ViewOf("dog"))), "83646f67");
  EXPECT_EQ(ToHex(RlpList({RlpString(ViewOf("cat")), RlpString(ViewOf("dog"))})),
            "c88363617483646f67");
  // The representation of three: [ [], [[]], [ [], [[]] ] ]
  const Bytes zero = RlpList({});
  const Bytes one = RlpList({zero});
  EXPECT_EQ(ToHex(RlpList({zero, one, RlpList({zero, one})})), "c7c0c1c0c3c0c1c0");
}

TEST(Rlp, GivesALengthAsManyBytesAsItNeeds) {
  const Bytes encoded = RlpString(Bytes(65536, 0x61));
  EXPECT_EQ(ToHex(ByteView(encoded).subspan(0, 5)), "ba01000061");
  EXPECT_EQ(encoded.size(), 65536u + 4);
}

}  // namespace
}  // namespace kaisar::chain
