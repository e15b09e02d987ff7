#include "chain/rpc_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chain/rpc_object.h"
#include "tests/unit/chain/vectors.h"

namespace kaisar::chain {
namespace {

using ::testing::HasSubstr;

std::string HashOf(char digit) {
  return "0x" + std::string(64, digit);
}

TEST(ReadQuantity, TakesOnlyWhatTheSpecificationAllows) {
  EXPECT_EQ(ReadQuantity("0x0", 64).value(), Uint256(0));
  EXPECT_EQ(ReadQuantity("0x1f", 8).value(), Uint256(31));
  EXPECT_EQ(ReadQuantity("0xFf", 8).value(), Uint256(255));
  for (const Json& wrong :
       {Json("0x"), Json("1"), Json("0x01"), Json("0x00"), Json("0X1"), Json("0x1g"), Json("0x0x1"),
        Json("-0x1"), Json("0x 1"), Json(1), Json(), Json::array(), Json("0x100")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ReadQuantity(wrong, 8).status())) << wrong;
  }
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    EXPECT_EQ(ReadQuantity(ToQuantity(value), 64).value(), Uint256(value));
  }
}

TEST(ReadHexData, TakesWholeBytesUpToTheLimit) {
  EXPECT_EQ(ReadHexData("0x", 0).value(), Bytes());
  EXPECT_EQ(ReadHexData("0xAb01", 2).value(), (Bytes{0xab, 1}));
  for (const Json& wrong : {Json("0xabc"), Json("ab"), Json(""), Json("0"), Json("0xab01ff"),
                            Json("0xzz"), Json(7), Json()}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ReadHexData(wrong, 2).status())) << wrong;
  }
}

TEST(ReadHeader, GivesTheRlpThatEthersGivesForEveryFork) {
  const auto vectors = VectorsOf("encoding");
  ASSERT_EQ(vectors.at("headers").size(), 5u);
  for (const auto& entry : vectors.at("headers")) {
    const absl::StatusOr<Bytes> header = ReadHeader(entry.at("block"));
    ASSERT_TRUE(header.ok()) << header.status() << entry.at("fork");
    EXPECT_EQ(*header, BytesOf(entry.at("encoded"))) << entry.at("fork");
  }
}

TEST(ReadHeader, GivesThatOfEthereumsFirstBlock) {
  const std::string empty_trie =
      "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
  const Json genesis = {
      {"hash", "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"},
      {"parentHash", HashOf('0')},
      {"sha3Uncles", "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"},
      {"miner", "0x" + std::string(40, '0')},
      {"stateRoot", "0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544"},
      {"transactionsRoot", empty_trie},
      {"receiptsRoot", empty_trie},
      {"logsBloom", "0x" + std::string(512, '0')},
      {"difficulty", "0x400000000"},
      {"number", "0x0"},
      {"gasLimit", "0x1388"},
      {"gasUsed", "0x0"},
      {"timestamp", "0x0"},
      {"extraData", "0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa"},
      {"mixHash", HashOf('0')},
      {"nonce", "0x0000000000000042"}};
  const absl::StatusOr<Bytes> header = ReadHeader(genesis);
  ASSERT_TRUE(header.ok()) << header.status();
}

TEST(ReadHeader, TellsAHeaderWithFieldsThatItDoesNotKnow) {
  Json block = VectorsOf("encoding").at("headers").at(4).at("block");
  block.erase("requestsHash");
  const absl::Status status = ReadHeader(block).status();
  EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("not to " + std::string(block["hash"])));
  block.erase("mixHash");
  EXPECT_TRUE(absl::IsInvalidArgument(ReadHeader(block).status()));
}

class ReadLogsTest : public ::testing::Test {
 protected:
  ReadLogsTest() {
    filter_.address.fill(0x11);
    filter_.topics = {Digest{}, std::nullopt};
    filter_.topics[0]->fill(0x22);
    filter_.from_block = 5;
    filter_.to_block = 9;
  }

  static Json Entry(int block, int index) {
    return {{"address", "0x" + std::string(40, '1')},
            {"topics", {HashOf('2'), HashOf('3'), HashOf('4')}},
            {"data", "0x0708"},
            {"blockNumber", ToQuantity(static_cast<std::uint64_t>(block))},
            {"blockHash", HashOf('5')},
            {"transactionHash", HashOf('6')},
            {"logIndex", ToQuantity(static_cast<std::uint64_t>(index))}};
  }

  LogFilter filter_;
};

TEST_F(ReadLogsTest, PutsEntriesInOrder) {
  const auto entries = ReadLogs(Json::array({Entry(6, 1), Entry(5, 7), Entry(6, 0)}), filter_);
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ(entries->at(0).block_number, 5u);
  EXPECT_EQ(entries->at(1).index, 0u);
  EXPECT_EQ(entries->at(2).index, 1u);
  EXPECT_EQ(entries->at(0).data, (Bytes{7, 8}));
  EXPECT_EQ(entries->at(0).topics.size(), 3u);
  EXPECT_EQ(entries->at(0).transaction[0], 0x66);
}

TEST_F(ReadLogsTest, RefusesEntriesThatWereNotAskedFor) {
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, Json>>{{"address", "0x" + std::string(40, '2')},
                                                 {"topics", {HashOf('9'), HashOf('3')}},
                                                 {"topics", {HashOf('2')}},
                                                 {"blockNumber", "0x4"},
                                                 {"blockNumber", "0xa"}}) {
    Json entry = Entry(6, 0);
    entry[key] = value;
    const absl::Status status = ReadLogs(Json::array({entry}), filter_).status();
    EXPECT_THAT(std::string(status.message()), HasSubstr("was not asked for")) << key << value;
  }
}

TEST_F(ReadLogsTest, RefusesEntriesOfAnotherShape) {
  for (const char* key :
       {"address", "topics", "data", "blockNumber", "blockHash", "transactionHash", "logIndex"}) {
    for (const Json& value : {Json(), Json(7), Json("0xzz"), Json(Json::array({1}))}) {
      Json entry = Entry(6, 0);
      entry[key] = value;
      const absl::Status status = ReadLogs(Json::array({entry}), filter_).status();
      EXPECT_TRUE(absl::IsInvalidArgument(status)) << key << value;
      EXPECT_THAT(std::string(status.message()), HasSubstr(key));
    }
  }
  EXPECT_FALSE(ReadLogs(Json(), filter_).ok());
  EXPECT_FALSE(ReadLogs(Json::array({7}), filter_).ok());
}

Json SampleReceipt() {
  return {{"status", "0x1"},     {"blockNumber", "0x7"},       {"blockHash", HashOf('5')},
          {"gasUsed", "0x5208"}, {"effectiveGasPrice", "0x3"}, {"transactionHash", HashOf('0')}};
}

TEST(ReadReceipt, TellsWhetherATransactionSucceeded) {
  const auto receipt = ReadReceipt(SampleReceipt(), Digest{});
  ASSERT_TRUE(receipt.ok() && receipt->has_value()) << receipt.status();
  EXPECT_TRUE((*receipt)->success);
  EXPECT_EQ((*receipt)->block_number, 7u);
  EXPECT_EQ((*receipt)->gas_used, 21000u);
  EXPECT_EQ((*receipt)->gas_price, Uint256(3));
  Json failed = SampleReceipt();
  failed["status"] = "0x0";
  EXPECT_FALSE(ReadReceipt(failed, Digest{}).value()->success);
}

TEST(ReadReceipt, IsNullWhileTheTransactionIsInNoBlock) {
  EXPECT_EQ(ReadReceipt(Json(), Digest{}).value(), std::nullopt);
  Json pending = SampleReceipt();
  pending["blockNumber"] = nullptr;
  EXPECT_EQ(ReadReceipt(pending, Digest{}).value(), std::nullopt);
}

TEST(ReadReceipt, RefusesThatOfAnotherTransaction) {
  EXPECT_FALSE(ReadReceipt(SampleReceipt(), Digest{1}).ok());
  Json odd = SampleReceipt();
  odd["status"] = "0x2";
  EXPECT_FALSE(ReadReceipt(odd, Digest{}).ok());
  EXPECT_FALSE(ReadReceipt("0x1", Digest{}).ok());
}

TEST(ReadFeeHistory, TakesTwiceTheNextBaseFeeAndTheMiddleTip) {
  const Json history = {
      {"baseFeePerGas", {"0x1", "0x2", "0x3", "0x77359400"}},
      {"reward", {{"0x3b9aca00"}, {"0x0"}, {"0x77359400"}}},
  };
  const absl::StatusOr<Fees> fees = ReadFeeHistory(history);
  ASSERT_TRUE(fees.ok()) << fees.status();
  EXPECT_EQ(fees->priority_fee, Uint256(1'000'000'000));
  EXPECT_EQ(fees->max_fee, Uint256(5'000'000'000));
}

TEST(ReadFeeHistory, OffersATipWhereBlocksAreEmpty) {
  const Json history = {{"baseFeePerGas", {"0x7"}}, {"reward", {{"0x0"}}}};
  EXPECT_EQ(ReadFeeHistory(history).value(), (Fees{Uint256(10'000'014), Uint256(10'000'000)}));
}

TEST(ReadFeeHistory, RefusesOtherShapesAndAbsurdFees) {
  for (const Json& wrong :
       {Json(), Json::object(), Json{{"baseFeePerGas", Json::array()}, {"reward", Json::array()}},
        Json{{"baseFeePerGas", {"0x1"}}, {"reward", {Json::array()}}},
        Json{{"baseFeePerGas", {"0x1"}}, {"reward", {"0x1"}}},
        Json{{"baseFeePerGas", {HashOf('f')}}, {"reward", Json::array()}}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ReadFeeHistory(wrong).status())) << wrong;
  }
}

TEST(FeesOfGasPrice, TakesWhatThePriceHasAboveTheBaseFeeAsTip) {
  EXPECT_EQ(FeesOfGasPrice(Uint256(50'000'000), Uint256(20'000'000)),
            (Fees{Uint256(70'000'000), Uint256(30'000'000)}));
  EXPECT_EQ(FeesOfGasPrice(Uint256(1), Uint256(20)), (Fees{Uint256(10'000'040), 10'000'000}));
}

}  // namespace
}  // namespace kaisar::chain
