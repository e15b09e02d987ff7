// Endpoints limit what a search for logs may cover, each in its own way.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chain/json_rpc_client.h"
#include "chain/rpc_object.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_rpc.h"

namespace kaisar::chain {
namespace {

using testing::FakeRpc;
using ::testing::HasSubstr;
using Json = FakeRpc::Json;

constexpr char kUrl[] = "http://a.example";

std::uint64_t BlockOf(const Json& request, const char* key) {
  return ReadQuantity(request.at("params").at(0).at(key), 64)->ToUint64();
}

Json Entry(std::uint64_t block) {
  return {{"address", "0x" + std::string(40, '0')},
          {"topics", Json::array()},
          {"data", "0x"},
          {"blockNumber", ToQuantity(block)},
          {"blockHash", "0x" + std::string(64, '5')},
          {"transactionHash", "0x" + std::string(64, '6')},
          {"logIndex", "0x0"}};
}

class JsonRpcLogsTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::vector<LogEntry>> Search(std::uint64_t from, std::uint64_t to) {
    const auto client = MakeJsonRpcClient({{kUrl}, 31337}, clock_, rpc_.Post()).value();
    LogFilter filter;
    filter.from_block = from;
    filter.to_block = to;
    return client->Logs(filter);
  }

  /// One entry a block; ranges of more than `most` blocks are refused as `refuse` says.
  void ServeRanges(std::uint64_t most, FakeRpc::Handler refuse) {
    rpc_.On(kUrl, "eth_getLogs", [=](const Json& request) -> absl::StatusOr<std::string> {
      const std::uint64_t from = BlockOf(request, "fromBlock");
      const std::uint64_t to = BlockOf(request, "toBlock");
      if (to - from >= most) return refuse(request);
      Json entries = Json::array();
      for (std::uint64_t block = from; block <= to; ++block) entries.push_back(Entry(block));
      return FakeRpc::ResultBody(request, entries);
    });
  }

  FakeRpc rpc_;
  testing::FakeClock clock_{0};
};

TEST_F(JsonRpcLogsTest, AsksForTheWholeRangeFirst) {
  ServeRanges(1000, [](const Json&) { return absl::UnavailableError("not reached"); });
  const auto entries = Search(100, 199);
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ(entries->size(), 100u);
  ASSERT_EQ(rpc_.asked().size(), 1u);
  EXPECT_EQ(rpc_.asked()[0].parameters.at(0).at("fromBlock"), "0x64");
}

TEST_F(JsonRpcLogsTest, HalvesARangeThatIsRefused) {
  ServeRanges(10, [](const Json& request) {
    return FakeRpc::ErrorBody(request, -32005, "query returned more than 10000 results");
  });
  const auto entries = Search(1, 100);
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 100u);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(entries->at(i).block_number, i + 1);
  EXPECT_LT(rpc_.asked().size(), 30u);
}

TEST_F(JsonRpcLogsTest, HalvesARangeWhoseAnswerIsTooLong) {
  ServeRanges(10, [](const Json&) {
    return absl::ResourceExhaustedError("response is longer than 64 bytes");
  });
  EXPECT_EQ(Search(0, 99)->size(), 100u);
}

TEST_F(JsonRpcLogsTest, GivesUpWhereOneBlockIsRefused) {
  rpc_.Error(kUrl, "eth_getLogs", -32000, "not today");
  const absl::Status status = Search(0, 1'000'000'000).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("not today"));
  EXPECT_LT(rpc_.asked().size(), 40u);
}

TEST_F(JsonRpcLogsTest, GivesUpWhereEndpointsAreAway) {
  rpc_.On(kUrl, "eth_getLogs", [](const Json&) { return absl::UnavailableError("refused"); });
  EXPECT_TRUE(absl::IsUnavailable(Search(0, 1'000'000).status()));
  EXPECT_EQ(rpc_.asked().size(), 1u);
}

TEST_F(JsonRpcLogsTest, BoundsTheRequestsOfOneSearch) {
  ServeRanges(1, [](const Json& request) {
    return FakeRpc::ErrorBody(request, -32005, "one block at a time");
  });
  const absl::Status status = Search(0, ~std::uint64_t{0}).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("more than 4096 requests"));
}

}  // namespace
}  // namespace kaisar::chain
