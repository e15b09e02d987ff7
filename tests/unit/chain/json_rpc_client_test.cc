#include "chain/json_rpc_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hex.h"
#include "chain/abi.h"
#include "chain/rpc_object.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_rpc.h"

namespace kaisar::chain {
namespace {

using ::testing::AllOf;
using testing::FakeRpc;
using ::testing::HasSubstr;
using Json = FakeRpc::Json;

constexpr char kA[] = "http://a.example:8545/v2/SECRET";
constexpr char kB[] = "https://b.example";
constexpr std::uint64_t kNowS = 1'700'000'000;

Json BlockJson(std::uint64_t number, std::uint64_t timestamp_s) {
  return {{"number", ToQuantity(number)},
          {"hash", "0x" + std::string(64, 'a')},
          {"parentHash", "0x" + std::string(64, 'b')},
          {"timestamp", ToQuantity(timestamp_s)},
          {"baseFeePerGas", "0x7"}};
}

class JsonRpcClientTest : public ::testing::Test {
 protected:
  std::unique_ptr<ChainClient> Client(std::vector<std::string> endpoints = {kA, kB}) {
    options_.endpoints = std::move(endpoints);
    options_.chain_id = 31337;
    return MakeJsonRpcClient(options_, clock_, rpc_.Post()).value();
  }

  std::string Message(const absl::Status& status) { return std::string(status.message()); }
  std::vector<std::string> AskedUrls() const {
    std::vector<std::string> urls;
    for (const FakeRpc::Asked& asked : rpc_.asked()) urls.push_back(asked.url);
    return urls;
  }

  FakeRpc rpc_;
  testing::FakeClock clock_{kNowS * 1000};
  JsonRpcOptions options_;
  const Address account_{};
};

TEST_F(JsonRpcClientTest, AsksTheEndpointThatAnsweredLast) {
  rpc_.On(kA, "", [](const Json&) { return absl::UnavailableError("connection refused"); });
  rpc_.Result(kB, "eth_getBalance", "0x5");
  const auto client = Client();
  EXPECT_EQ(client->Balance(account_).value(), Uint256(5));
  EXPECT_EQ(client->Balance(account_).value(), Uint256(5));
  EXPECT_EQ(AskedUrls(), (std::vector<std::string>{kB, kB}));
  EXPECT_EQ(rpc_.chain_ids_asked(), 2);  // of each endpoint once
}

TEST_F(JsonRpcClientTest, NamesEveryEndpointWithItsTrouble) {
  rpc_.On(kA, "eth_getBalance",
          [](const Json&) { return std::string("<html>Bad Gateway</html>"); });
  rpc_.Error(kB, "eth_getBalance", -32005, "daily request count exceeded");
  const absl::Status status = Client()->Balance(account_).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(Message(status),
            "eth_getBalance: http://a.example:8545: reply is not JSON: <html>Bad Gateway</html>; "
            "https://b.example: error -32005: daily request count exceeded");
  EXPECT_THAT(Message(status), Not(HasSubstr("SECRET")));
}

TEST_F(JsonRpcClientTest, PassesOverGarbageOfEveryKind) {
  const Json garbage[] = {
      nullptr, 7, "5", "0x05", "0x", Json::array(), Json::object(), "0x" + std::string(49, 'f')};
  rpc_.Result(kB, "eth_getBalance", "0x5");
  for (const Json& result : garbage) {
    rpc_.Result(kA, "eth_getBalance", result);
    EXPECT_EQ(Client()->Balance(account_).value(), Uint256(5)) << result;
  }
  EXPECT_EQ(rpc_.asked().size(), 2 * std::size(garbage));
}

TEST_F(JsonRpcClientTest, PassesOverResponsesThatAreTooLong) {
  const auto too_long = [](const Json&) { return absl::ResourceExhaustedError("too long"); };
  rpc_.On(kA, "eth_call", too_long);
  rpc_.Result(kB, "eth_call", "0x01");
  EXPECT_EQ(Client()->Call({}).value(), Bytes{1});
  rpc_.On(kB, "eth_call", too_long);
  EXPECT_TRUE(absl::IsUnavailable(Client()->Call({}).status()));
}

TEST_F(JsonRpcClientTest, PassesOverRepliesToOtherRequests) {
  rpc_.On(kA, "eth_getBalance", [](Json request) {
    request["id"] = request["id"].get<int>() + 1;
    return FakeRpc::ResultBody(request, "0x9");
  });
  rpc_.Result(kB, "eth_getBalance", "0x5");
  EXPECT_EQ(Client()->Balance(account_).value(), Uint256(5));
}

TEST_F(JsonRpcClientTest, AsksNothingOfAnotherChain) {
  rpc_.Result(kA, "eth_chainId", "0x1");
  rpc_.Result(kA, "eth_getBalance", "0x9");
  rpc_.Result(kB, "eth_getBalance", "0x5");
  EXPECT_EQ(Client()->Balance(account_).value(), Uint256(5));
  EXPECT_EQ(AskedUrls(), std::vector<std::string>{kB});
}

TEST_F(JsonRpcClientTest, TellsThatAllEndpointsServeAnotherChain) {
  rpc_.Result(kA, "eth_chainId", "0x1");
  rpc_.Result(kB, "eth_chainId", "0x2");
  const auto client = Client();
  const absl::Status status = client->Latest().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(Message(status), AllOf(HasSubstr("a.example:8545: serves chain 1, expected 31337"),
                                     HasSubstr("b.example: serves chain 2, expected 31337")));
  // A transaction's refusal for its price has this code, too: the chain is told as no answer.
  EXPECT_TRUE(absl::IsUnavailable(client->Send({{1}, Digest{}})));
  // One that is away may be of the right chain.
  rpc_.On(kB, "", [](const Json&) { return absl::DeadlineExceededError("no answer"); });
  rpc_.On(kB, "eth_chainId", [](const Json&) { return absl::DeadlineExceededError("no answer"); });
  EXPECT_TRUE(absl::IsUnavailable(client->Latest().status()));
}

TEST_F(JsonRpcClientTest, AsksForTheChainAgainAfterATrouble) {
  rpc_.Result(kA, "eth_getBalance", "0x5");
  const auto client = Client({kA});
  EXPECT_TRUE(client->Balance(account_).ok());
  rpc_.On(kA, "eth_getBalance", [](const Json&) { return absl::UnavailableError("refused"); });
  EXPECT_FALSE(client->Balance(account_).ok());
  rpc_.Result(kA, "eth_chainId", "0x1");
  rpc_.Result(kA, "eth_getBalance", "0x5");
  EXPECT_TRUE(absl::IsFailedPrecondition(client->Balance(account_).status()));
}

TEST_F(JsonRpcClientTest, LooksForANewerBlockWhereOneIsStale) {
  options_.stale_after_s = 60;
  rpc_.Result(kA, "eth_getBlockByNumber", BlockJson(5, kNowS - 61));
  rpc_.Result(kB, "eth_getBlockByNumber", BlockJson(9, kNowS - 1));
  rpc_.Result(kB, "eth_getBalance", "0x5");
  const auto client = Client();
  EXPECT_EQ(client->Latest()->number, 9u);
  EXPECT_EQ(client->Balance(account_).value(), Uint256(5));  // of the endpoint that is up to date
  EXPECT_EQ(AskedUrls(), (std::vector<std::string>{kA, kB, kB}));
}

TEST_F(JsonRpcClientTest, TakesTheNewestBlockWhereAllAreStale) {
  options_.stale_after_s = 60;
  rpc_.Result(kA, "eth_getBlockByNumber", BlockJson(5, kNowS - 100));
  rpc_.Result(kB, "eth_getBlockByNumber", BlockJson(4, kNowS - 200));
  EXPECT_EQ(Client()->Latest()->number, 5u);
}

TEST_F(JsonRpcClientTest, LooksOnEveryEndpointForABlock) {
  rpc_.Result(kA, "eth_getBlockByNumber", nullptr);
  rpc_.Result(kB, "eth_getBlockByNumber", BlockJson(9, kNowS));
  EXPECT_EQ(Client()->BlockAt(9)->timestamp_s, kNowS);
  rpc_.Result(kB, "eth_getBlockByNumber", nullptr);
  EXPECT_TRUE(absl::IsNotFound(Client()->BlockAt(9).status()));
  rpc_.Result(kB, "eth_getBlockByNumber", BlockJson(8, kNowS));
  rpc_.On(kA, "", [](const Json&) { return absl::UnavailableError("refused"); });
  rpc_.On(kA, "eth_getBlockByNumber",
          [](const Json&) { return absl::UnavailableError("refused"); });
  EXPECT_THAT(Message(Client()->BlockAt(9).status()), HasSubstr("number 8, asked for 9"));
}

TEST_F(JsonRpcClientTest, CallsAndDecodesReverts) {
  rpc_.Result(kA, "eth_call", "0x0102");
  ViewCall call{account_, {0xab}, std::nullopt, 5};
  EXPECT_EQ(Client()->Call(call).value(), (Bytes{1, 2}));
  EXPECT_EQ(
      rpc_.asked().back().parameters,
      Json::parse(R"([{"to":"0x0000000000000000000000000000000000000000","data":"0xab"},"0x5"])"));
  rpc_.Error(kA, "eth_call", 3, "execution reverted",
             "0x" + ToHex(EncodeCall("AlreadyOpened(uint32)", AbiEncoder().Uint(4))));
  EXPECT_EQ(Client()->Call(call).status(), absl::AbortedError("reverted: AlreadyOpened(epoch 4)"));
  EXPECT_EQ(AskedUrls(), (std::vector<std::string>{kA, kA}));  // a revert is an answer
  call.from = account_;
  call.block.reset();
  rpc_.Error(kA, "eth_call", -32000, "header not found");
  EXPECT_TRUE(absl::IsOutOfRange(Client()->Call(call).status()));
  EXPECT_EQ(rpc_.asked().back().parameters.at(1), "latest");
  EXPECT_EQ(rpc_.asked().back().parameters.at(0).at("from"), "0x" + std::string(40, '0'));
}

TEST_F(JsonRpcClientTest, HandsATransactionToEveryEndpoint) {
  const SignedTransaction transaction{{2, 3}, Digest{}};
  rpc_.Error(kA, "eth_sendRawTransaction", -32000, "already known");
  rpc_.Result(kB, "eth_sendRawTransaction", "0x" + std::string(64, '0'));
  EXPECT_TRUE(Client()->Send(transaction).ok());
  EXPECT_EQ(AskedUrls(), (std::vector<std::string>{kA, kB}));
  EXPECT_EQ(rpc_.asked().back().parameters, Json::array({"0x0203"}));
  // One that took it is enough, whatever the other says.
  rpc_.Error(kA, "eth_sendRawTransaction", -32000, "nonce too low");
  EXPECT_TRUE(Client()->Send(transaction).ok());
}

TEST_F(JsonRpcClientTest, TellsWhyATransactionIsRefused) {
  const SignedTransaction transaction{{2, 3}, Digest{}};
  rpc_.Result(kA, "eth_sendRawTransaction", "0x" + std::string(64, '1'));
  const std::pair<const char*, absl::StatusCode> refusals[] = {
      {"nonce too low", absl::StatusCode::kAlreadyExists},
      {"replacement transaction underpriced", absl::StatusCode::kFailedPrecondition},
      {"insufficient funds", absl::StatusCode::kResourceExhausted},
      {"intrinsic gas too low", absl::StatusCode::kInvalidArgument},
      {"txpool is full", absl::StatusCode::kUnavailable}};
  for (const auto& [message, code] : refusals) {
    rpc_.Error(kB, "eth_sendRawTransaction", -32000, message);
    const absl::Status status = Client()->Send(transaction);
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(Message(status),
                AllOf(HasSubstr(message), HasSubstr("not the transaction's hash")));
  }
}

TEST_F(JsonRpcClientTest, SuggestsFeesWhereThereIsNoHistory) {
  rpc_.Result(kA, "eth_gasPrice", "0x77359400");
  rpc_.Result(kA, "eth_getBlockByNumber", BlockJson(5, kNowS));
  EXPECT_EQ(Client()->SuggestFees().value(),
            (Fees{Uint256(2'000'000'007), Uint256(1'999'999'993)}));
  rpc_.Result(kA, "eth_feeHistory",
              Json::parse(R"({"baseFeePerGas":["0x7","0x8"],"reward":[["0x3b9aca00"]]})"));
  EXPECT_EQ(Client()->SuggestFees().value(),
            (Fees{Uint256(1'000'000'016), Uint256(1'000'000'000)}));
}

TEST_F(JsonRpcClientTest, RefusesMalformedEndpoints) {
  for (const char* url :
       {"", "a.example", "ftp://a.example", "http://", "http://user:pass@a.example",
        "http://a.example:0", "http://a.example:99999", "http://a b", "http:///x",
        "http://a.example/#x", "http://a\\b", "HTTP://a.example", "file:///etc"}) {
    options_.endpoints = {url};
    const absl::Status status = MakeJsonRpcClient(options_, clock_, rpc_.Post()).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << url;
  }
  for (const char* url :
       {"http://127.0.0.1:8545", "https://a.example/v3/key?x=1", "http://[::1]:80"}) {
    options_.endpoints = {url};
    EXPECT_TRUE(MakeJsonRpcClient(options_, clock_, rpc_.Post()).ok()) << url;
  }
  options_.endpoints.clear();
  EXPECT_FALSE(MakeJsonRpcClient(options_, clock_, rpc_.Post()).ok());
  options_.endpoints.assign(9, kA);
  EXPECT_FALSE(MakeJsonRpcClient(options_, clock_, rpc_.Post()).ok());
}

}  // namespace
}  // namespace kaisar::chain
