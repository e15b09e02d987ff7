// The JSON-RPC client against a real development chain, and against endpoints that misbehave.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/keccak256.h"
#include "chain/json_rpc_client.h"
#include "chain/send_and_wait.h"
#include "tests/support/anvil.h"

namespace kaisar::chain {
namespace {

using testing::Anvil;
using ::testing::HasSubstr;

// The first two accounts of every development chain.
constexpr char kKey[] = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
constexpr char kOtherAccount[] = "70997970c51812dc3a010c7d01b50e0d17dc79c8";

class ChainClientTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { anvil_ = Anvil::Start().release(); }
  static void TearDownTestSuite() { delete anvil_; }
  void SetUp() override { ASSERT_NE(anvil_, nullptr) << "anvil does not start"; }

  static std::unique_ptr<ChainClient> Client(std::vector<std::string> endpoints = {anvil_->url()},
                                             std::uint64_t chain_id = 31337) {
    JsonRpcOptions options;
    options.endpoints = std::move(endpoints);
    options.chain_id = chain_id;
    options.timeout_ms = 2000;
    return MakeJsonRpcClient(options, RealClock()).value();
  }

  static Anvil* anvil_;
  const SigningKey key_ = SigningKey::Parse(ParseHexArray<32>(kKey).value()).value();
  const Address other_ = ParseHexArray<20>(kOtherAccount).value();
};

Anvil* ChainClientTest::anvil_ = nullptr;

TEST_F(ChainClientTest, ReadsBlocksAndTheirHeaders) {
  const auto client = Client();
  const absl::StatusOr<Block> latest = client->Latest();
  ASSERT_TRUE(latest.ok()) << latest.status();
  const absl::StatusOr<Block> again = client->BlockAt(latest->number);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *latest);
  const absl::StatusOr<Bytes> header = client->Header(latest->number);
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(Keccak256(*header), latest->hash);
  EXPECT_TRUE(absl::IsNotFound(client->BlockAt(1'000'000).status()));
  EXPECT_TRUE(absl::IsNotFound(client->Header(1'000'000).status()));
}

TEST_F(ChainClientTest, SendsATransactionAndWaitsForIt) {
  const auto client = Client();
  const Uint256 before = client->Balance(key_.address()).value();
  const std::uint64_t nonce = client->Nonce(key_.address()).value();
  std::vector<std::string> progress;
  WaitOptions options;
  options.progress = [&](const std::string& line) { progress.push_back(line); };
  const absl::StatusOr<Receipt> receipt =
      SendAndWait(*client, key_, other_, {1, 2, 3}, options, RealClock());
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_TRUE(receipt->success);
  EXPECT_EQ(receipt->gas_used, 21'048u);  // 21000 and 16 a byte
  EXPECT_EQ(client->Nonce(key_.address()).value(), nonce + 1);
  EXPECT_EQ(before - client->Balance(key_.address()).value(),
            receipt->gas_price * receipt->gas_used);
  ASSERT_EQ(progress.size(), 1u);
  EXPECT_THAT(progress[0], HasSubstr("sent transaction 0x"));
}

TEST_F(ChainClientTest, TellsANonceThatIsUsed) {
  const auto client = Client();
  Transaction transaction;
  transaction.chain_id = 31337;
  transaction.nonce = client->Nonce(key_.address()).value();
  transaction.fees = client->SuggestFees().value();
  transaction.gas_limit = 21'000;
  transaction.to = other_;
  transaction.value = 1;
  const SignedTransaction first = SignTransaction(transaction, key_);
  ASSERT_TRUE(client->Send(first).ok());
  absl::StatusOr<std::optional<Receipt>> receipt = std::optional<Receipt>();
  while (receipt.ok() && !receipt->has_value()) receipt = client->FindReceipt(first.hash);
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  transaction.value = 2;
  const absl::Status again = client->Send(SignTransaction(transaction, key_));
  EXPECT_TRUE(absl::IsAlreadyExists(again)) << again;
  EXPECT_FALSE(client->FindReceipt(Digest{1}).value().has_value());
}

TEST_F(ChainClientTest, TellsAnAccountThatCannotPay) {
  const auto client = Client();
  const SigningKey poor = SigningKey::Parse(Digest{7}).value();
  Transaction transaction;
  transaction.chain_id = 31337;
  transaction.fees = client->SuggestFees().value();
  transaction.gas_limit = 21'000;
  transaction.to = other_;
  const absl::Status status = client->Send(SignTransaction(transaction, poor));
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  const absl::StatusOr<Receipt> receipt =
      SendAndWait(*client, poor, other_, {}, WaitOptions(), RealClock());
  EXPECT_TRUE(absl::IsResourceExhausted(receipt.status())) << receipt.status();
  EXPECT_THAT(std::string(receipt.status().message()), HasSubstr(ToHex(poor.address())));
}

}  // namespace
}  // namespace kaisar::chain
