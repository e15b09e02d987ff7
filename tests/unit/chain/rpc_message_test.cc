#include "chain/rpc_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kaisar::chain {
namespace {

using ::testing::HasSubstr;

TEST(RpcRequest, IsJsonRpc2) {
  EXPECT_EQ(Json::parse(RpcRequest(7, "eth_call", Json::array({1, "latest"}))),
            Json::parse(R"({"jsonrpc":"2.0","id":7,"method":"eth_call","params":[1,"latest"]})"));
}

TEST(ParseRpcReply, ReadsResultsNullIncluded) {
  const auto reply = ParseRpcReply(R"({"jsonrpc":"2.0","id":7,"result":"0x1"})", 7);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(std::get<Json>(*reply), "0x1");
  const auto null = ParseRpcReply(R"({"jsonrpc":"2.0","id":7,"result":null})", 7);
  ASSERT_TRUE(null.ok()) << null.status();
  EXPECT_TRUE(std::get<Json>(*null).is_null());
  // Some write both.
  EXPECT_TRUE(ParseRpcReply(R"({"jsonrpc":"2.0","id":7,"result":[1],"error":null})", 7).ok());
}

TEST(ParseRpcReply, ReadsErrorsWithTheRevertWhereverItIs) {
  for (const char* data : {R"("0x0102")", R"({"data":"0x0102"})", R"("Reverted 0x0102")"}) {
    const auto reply = ParseRpcReply(
        std::string(R"({"jsonrpc":"2.0","id":7,"error":{"code":3,"message":"no","data":)") + data +
            "}}",
        7);
    ASSERT_TRUE(reply.ok()) << reply.status();
    const RpcError& error = std::get<RpcError>(*reply);
    EXPECT_EQ(error.code, 3);
    EXPECT_EQ(error.message, "no");
    EXPECT_EQ(error.revert, (Bytes{1, 2})) << data;
  }
}

TEST(ParseRpcReply, ReadsErrorsWithDataOfNoUse) {
  for (const char* data : {"null", "7", R"("words")", R"("0xzz")", "{}", R"({"data":1})"}) {
    const auto reply = ParseRpcReply(
        std::string(
            R"({"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"a\u0000b","data":)") +
            data + "}}",
        7);
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(std::get<RpcError>(*reply).revert, Bytes()) << data;
    EXPECT_EQ(std::get<RpcError>(*reply).message, "a?b");
  }
}

TEST(ParseRpcReply, RefusesWhatIsNoReplyToTheRequest) {
  const struct {
    const char* body;
    const char* message;
  } cases[] = {
      {"", "is not JSON"},
      {"<html><body>502 Bad Gateway</body></html>", "is not JSON: <html><body>502"},
      {"[]", "is no JSON object"},
      {"7", "is no JSON object"},
      {R"({"id":7,"result":1})", "is not JSON-RPC 2.0"},
      {R"({"jsonrpc":"1.0","id":7,"result":1})", "is not JSON-RPC 2.0"},
      {R"({"jsonrpc":"2.0","result":1})", "is that of another request"},
      {R"({"jsonrpc":"2.0","id":8,"result":1})", "is that of another request"},
      {R"({"jsonrpc":"2.0","id":"7","result":1})", "is that of another request"},
      {R"({"jsonrpc":"2.0","id":null,"result":1})", "is that of another request"},
      {R"({"jsonrpc":"2.0","id":7})", "has neither result nor error"},
      {R"({"jsonrpc":"2.0","id":7,"error":"no"})", "has an error without code and message"},
      {R"({"jsonrpc":"2.0","id":7,"error":{"code":"1","message":"m"}})", "without code"},
      {R"({"jsonrpc":"2.0","id":7,"error":{"code":1}})", "without code and message"},
  };
  for (const auto& wrong : cases) {
    const absl::Status status = ParseRpcReply(wrong.body, 7).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << wrong.body;
    EXPECT_THAT(std::string(status.message()), HasSubstr(wrong.message)) << wrong.body;
  }
}

}  // namespace
}  // namespace kaisar::chain
