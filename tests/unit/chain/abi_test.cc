// What encoders make is compared with ethers in calls_test.cc; here is what decoders refuse.

#include "chain/abi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kaisar::chain {
namespace {

using ::testing::HasSubstr;

Digest Word(std::uint64_t value) {
  return Uint256(value).ToWord();
}

Bytes Words(std::initializer_list<std::uint64_t> values) {
  Bytes bytes;
  for (const std::uint64_t value : values) Append(bytes, Word(value));
  return bytes;
}

TEST(AbiDecoder, ReadsBackWhatTheEncoderWrites) {
  Address account;
  account.fill(0xab);
  const AbiEncoder tuple = AbiEncoder().Uint(7).DynamicBytes(ViewOf("in a tuple"));
  const Bytes bytes = AbiEncoder()
                          .Uint(5)
                          .Boolean(true)
                          .Bytes32(Word(9))
                          .EvmAddress(account)
                          .DynamicBytes(Bytes(33, 1))
                          .DynamicTuple(tuple)
                          .StaticTuple(AbiEncoder().Uint(1).Uint(2))
                          .StaticArray({AbiEncoder().Uint(3).Uint(4), AbiEncoder().Uint(5).Uint(6)})
                          .DynamicArray({tuple, tuple})
                          .Finish();
  AbiDecoder decoder(bytes);
  EXPECT_EQ(decoder.Uint64(8), 5u);
  EXPECT_TRUE(decoder.Boolean());
  EXPECT_EQ(decoder.Bytes32(), Word(9));
  EXPECT_EQ(decoder.EvmAddress(), account);
  EXPECT_EQ(decoder.DynamicBytes(33), Bytes(33, 1));
  AbiDecoder inner = decoder.DynamicTuple();
  EXPECT_EQ(inner.Uint64(), 7u);
  EXPECT_EQ(ToString(inner.DynamicBytes(100)), "in a tuple");
  EXPECT_EQ(decoder.Uint64(), 1u);
  EXPECT_EQ(decoder.Uint64(), 2u);
  std::vector<std::uint64_t> pairs;
  decoder.Array(2, 2, [&](AbiDecoder& element) {
    pairs.push_back(element.Uint64() * 10 + element.Uint64());
  });
  EXPECT_EQ(pairs, (std::vector<std::uint64_t>{34, 56}));
  int tuples = 0;
  decoder.Array(0, 2, [&](AbiDecoder& element) {
    tuples += element.Uint64() == 7 && ToString(element.DynamicBytes(10)) == "in a tuple" ? 1 : 0;
  });
  EXPECT_EQ(tuples, 2);
  EXPECT_TRUE(decoder.status().ok()) << decoder.status();
  EXPECT_TRUE(inner.status().ok()) << inner.status();
}

TEST(AbiDecoder, RefusesBitsBeyondTheType) {
  const Bytes bytes = Words({256});
  AbiDecoder byte(bytes);
  EXPECT_EQ(byte.Uint64(8), 0u);
  EXPECT_THAT(std::string(byte.status().message()), HasSubstr("is 256, expected 8 bits"));
  AbiDecoder boolean(bytes);
  EXPECT_FALSE(boolean.Boolean());
  EXPECT_FALSE(boolean.status().ok());
  const Bytes all(32, 0xff);
  AbiDecoder account(all);
  EXPECT_EQ(account.EvmAddress(), Address{});
  EXPECT_FALSE(account.status().ok());
}

TEST(AbiDecoder, GivesZerosAfterTheFirstError) {
  const Bytes bytes = Words({256, 7});
  AbiDecoder decoder(bytes);
  decoder.Uint64(8);
  const absl::Status first = decoder.status();
  EXPECT_EQ(decoder.Uint64(), 0u);
  EXPECT_EQ(decoder.DynamicBytes(100), Bytes());
  EXPECT_FALSE(decoder.DynamicTuple().status().ok());
  decoder.Array(1, 100, [](AbiDecoder&) { FAIL() << "there are no elements"; });
  EXPECT_EQ(decoder.status(), first);
}

TEST(AbiDecoder, NeverReadsBeyondTheBytes) {
  AbiDecoder empty((ByteView()));
  EXPECT_EQ(empty.Uint(), Uint256());
  EXPECT_THAT(std::string(empty.status().message()), HasSubstr("ends after 0 bytes"));
  const Bytes short_word(31, 0);
  AbiDecoder cut(short_word);
  EXPECT_EQ(cut.Bytes32(), Digest{});
  EXPECT_FALSE(cut.status().ok());
}

TEST(AbiDecoder, RefusesOffsetsLengthsAndCountsThatLeadOut) {
  const std::uint64_t most = ~std::uint64_t{0};
  for (const Bytes& bytes : {Words({33}), Words({32}), Words({most}), Words({32, 1}),
                             Words({32, most}), Words({32, 2, 1}), Bytes(32, 0xff)}) {
    AbiDecoder of_bytes(bytes);
    EXPECT_EQ(of_bytes.DynamicBytes(1 << 20), bytes == Words({32, 2, 1}) ? Bytes(2, 0) : Bytes());
    AbiDecoder of_words(bytes);
    of_words.Array(1, 1 << 20, [](AbiDecoder&) { FAIL() << "there are no elements"; });
    EXPECT_FALSE(of_words.status().ok()) << ToString(bytes);
    AbiDecoder of_tuples(bytes);
    of_tuples.Array(0, 1 << 20, [](AbiDecoder& element) { element.Uint(); });
    EXPECT_FALSE(of_tuples.status().ok());
  }
}

TEST(AbiDecoder, RefusesMoreThanTheLimit) {
  const Bytes bytes = AbiEncoder().DynamicBytes(Bytes(5, 1)).Finish();
  AbiDecoder content(bytes);
  EXPECT_EQ(content.DynamicBytes(4), Bytes());
  EXPECT_THAT(std::string(content.status().message()), HasSubstr("has 5 bytes of 32, limit 4"));
  const Bytes array =
      AbiEncoder().StaticArray({AbiEncoder().Uint(1), AbiEncoder().Uint(2)}).Finish();
  AbiDecoder elements(array);
  elements.Array(1, 1, [](AbiDecoder&) { FAIL() << "there are no elements"; });
  EXPECT_THAT(std::string(elements.status().message()), HasSubstr("has 2 elements"));
}

TEST(AbiDecoder, TellsTheErrorOfAnElement) {
  const Bytes array =
      AbiEncoder().StaticArray({AbiEncoder().Uint(1), AbiEncoder().Uint(300)}).Finish();
  AbiDecoder decoder(array);
  decoder.Array(1, 10, [](AbiDecoder& element) { element.Uint64(8); });
  EXPECT_FALSE(decoder.status().ok());
}

}  // namespace
}  // namespace kaisar::chain
