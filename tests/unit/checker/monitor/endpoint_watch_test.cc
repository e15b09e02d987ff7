#include "checker/monitor/endpoint_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_rpc.h"

namespace kaisar::checker {
namespace {

using testing::FakeRpc;
using Json = FakeRpc::Json;
using ::testing::ElementsAre;
using ::testing::Pair;

constexpr char kOne[] = "http://one.example:8545/SECRET";
constexpr char kTwo[] = "http://two.example";

class EndpointWatchTest : public ::testing::Test {
 protected:
  void Answers(const std::string& url) {
    rpc_.Result(url, "eth_getBlockByNumber",
                {{"number", "0x7"},
                 {"hash", "0x" + std::string(64, 'a')},
                 {"parentHash", "0x" + std::string(64, 'b')},
                 {"timestamp", "0x64"},
                 {"baseFeePerGas", "0x7"}});
  }
  EndpointWatch Watch(std::vector<std::string> endpoints) {
    chain::JsonRpcOptions options;
    options.endpoints = std::move(endpoints);
    options.chain_id = 31337;
    return EndpointWatch::Make(options, clock_, rpc_.Post()).value();
  }

  const testing::FakeClock clock_{0};
  FakeRpc rpc_;
};

TEST_F(EndpointWatchTest, AsksADeadOneAgainThoughAnotherAnswers) {
  Answers(kTwo);
  rpc_.On(kOne, "eth_getBlockByNumber",
          [](const Json&) { return absl::UnavailableError("connection refused"); });
  EndpointWatch watch = Watch({kOne, kTwo});
  for (int look = 0; look < 3; ++look) {
    EXPECT_THAT(watch.Look(), ElementsAre(Pair("http://one.example:8545", false),
                                          Pair("http://two.example", true)));
  }
  Answers(kOne);
  EXPECT_THAT(watch.Look(),
              ElementsAre(Pair("http://one.example:8545", true), Pair("http://two.example", true)));
}

TEST_F(EndpointWatchTest, TakesAnErrorOrAnotherChainForNoAnswer) {
  rpc_.Error(kOne, "eth_getBlockByNumber", -32005, "daily request count exceeded");
  Answers(kTwo);
  rpc_.Result(kTwo, "eth_chainId", "0x1");
  EXPECT_THAT(Watch({kOne, kTwo}).Look(), ElementsAre(Pair("http://one.example:8545", false),
                                                      Pair("http://two.example", false)));
}

TEST_F(EndpointWatchTest, NeedsAllOfOneNameToAnswer) {
  Answers(kOne);
  Answers("http://one.example:8545/OTHER");
  rpc_.On("http://one.example:8545/THIRD", "",
          [](const Json&) { return absl::UnavailableError("HTTP 401"); });
  EXPECT_THAT(Watch({kOne, "http://one.example:8545/OTHER"}).Look(),
              ElementsAre(Pair("http://one.example:8545", true)));
  EXPECT_THAT(Watch({"http://one.example:8545/THIRD", "http://one.example:8545/OTHER"}).Look(),
              ElementsAre(Pair("http://one.example:8545", false)));
}

}  // namespace
}  // namespace kaisar::checker
