#include "chain/send_and_wait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/hex.h"
#include "tests/support/fake_clock.h"

namespace kaisar::chain {
namespace {

using ::testing::HasSubstr;

/// One account on a chain whose blocks come when somebody waits.
class SmallChain final : public ChainClient {
 public:
  std::uint64_t chain_id() const override { return 31337; }
  absl::StatusOr<Block> Latest() override {
    if (!trouble.ok()) return trouble;
    Block block;
    block.number = height;
    return block;
  }
  absl::StatusOr<Block> BlockAt(std::uint64_t) override { return absl::NotFoundError("unused"); }
  absl::StatusOr<Bytes> Header(std::uint64_t) override { return absl::NotFoundError("unused"); }
  absl::StatusOr<Bytes> Call(const ViewCall& call) override {
    called_at = call.block;
    return replay;
  }
  absl::StatusOr<std::vector<LogEntry>> Logs(const LogFilter&) override {
    return absl::NotFoundError("unused");
  }
  absl::StatusOr<Uint256> Balance(const Address&) override { return balance; }
  absl::StatusOr<std::uint64_t> Nonce(const Address&) override {
    const std::uint64_t nonce = nonces.front();
    if (nonces.size() > 1) nonces.erase(nonces.begin());
    return nonce;
  }
  absl::StatusOr<Fees> SuggestFees() override { return fees; }
  absl::StatusOr<std::uint64_t> EstimateGas(const ViewCall&) override { return gas; }
  absl::Status Send(const SignedTransaction& transaction) override {
    sent.push_back(transaction);
    if (!refusals.empty()) {
      const absl::Status status = refusals.front();
      refusals.erase(refusals.begin());
      if (!status.ok()) return status;
    }
    if (mines) pending = transaction.hash;
    return absl::OkStatus();
  }
  absl::StatusOr<std::optional<Receipt>> FindReceipt(const Digest& transaction) override {
    const auto found = mined.find(transaction);
    if (found == mined.end()) return std::nullopt;
    return found->second;
  }

  void MineBlock() {
    ++height;
    if (pending.has_value())
      mined[*pending] = Receipt{success, height, Digest{}, 21'000, 1, *pending};
    pending.reset();
  }

  std::uint64_t height = 100;
  std::vector<std::uint64_t> nonces = {4};  // told one after the other
  Uint256 balance = Uint256(1'000'000'000'000);
  Fees fees = {1000, 10};
  absl::StatusOr<std::uint64_t> gas = 40'000;
  absl::StatusOr<Bytes> replay = Bytes();
  absl::Status trouble;                // of Latest
  std::vector<absl::Status> refusals;  // of the next sends
  bool mines = true;
  bool success = true;
  std::vector<SignedTransaction> sent;
  std::optional<Digest> pending;
  std::map<Digest, Receipt> mined;
  std::optional<std::uint64_t> called_at;
};

class SendAndWaitTest : public ::testing::Test {
 protected:
  SendAndWaitTest() {
    options_.sleep = [this](std::uint32_t ms) {
      clock_.Advance(ms);
      ++waits_;
      if (on_wait_) on_wait_();
      chain_.MineBlock();
    };
    options_.progress = [this](const std::string& line) { progress_.push_back(line); };
  }

  absl::StatusOr<Receipt> Send() {
    return SendAndWait(chain_, key_, Address{9}, {1, 2}, options_, clock_);
  }

  /// What would have been signed at these fees.
  Digest HashAt(const Fees& fees, std::uint64_t nonce = 4) const {
    return SignTransaction({31337, nonce, fees, 50'000, Address{9}, {}, {1, 2}}, key_).hash;
  }

  SmallChain chain_;
  testing::FakeClock clock_{0};
  const SigningKey key_ = SigningKey::Parse(Digest{7}).value();
  WaitOptions options_;
  std::function<void()> on_wait_;
  int waits_ = 0;
  std::vector<std::string> progress_;
};

TEST_F(SendAndWaitTest, GivesTheReceiptOnceItIsDeepEnough) {
  options_.confirmations = 3;
  const absl::StatusOr<Receipt> receipt = Send();
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->block_number, 101u);
  EXPECT_EQ(chain_.height, 103u);
  ASSERT_EQ(chain_.sent.size(), 1u);
  EXPECT_EQ(chain_.sent[0].hash, HashAt(chain_.fees));  // a quarter more gas than estimated
  EXPECT_EQ(progress_,
            std::vector<std::string>{"sent transaction 0x" + ToHex(receipt->transaction)});
}

TEST_F(SendAndWaitTest, SendsNothingThatWouldRevert) {
  chain_.gas = absl::AbortedError("reverted: NotActive(slot 1, epoch 2)");
  EXPECT_EQ(Send().status(), absl::AbortedError("reverted: NotActive(slot 1, epoch 2)"));
  EXPECT_TRUE(chain_.sent.empty());
}

TEST_F(SendAndWaitTest, NamesTheAccountThatCannotPay) {
  chain_.balance = Uint256(49'999'999);  // the transaction may cost 50,000 gas of 1000 wei
  const absl::Status status = Send().status();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("0x" + ToHex(key_.address())));
  EXPECT_THAT(std::string(status.message()), HasSubstr("needs 0.00000000005"));
  EXPECT_TRUE(chain_.sent.empty());
}

TEST_F(SendAndWaitTest, RaisesTheFeeWhenBlocksPassItOver) {
  chain_.mines = false;
  on_wait_ = [this] { chain_.mines = chain_.height >= 102; };
  const absl::StatusOr<Receipt> receipt = Send();
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  ASSERT_EQ(chain_.sent.size(), 2u);
  EXPECT_EQ(chain_.sent[1].hash, HashAt({1126, 12}));
  EXPECT_THAT(progress_[1], HasSubstr("raised the fee to 1126"));
}

TEST_F(SendAndWaitTest, FollowsTheChainsFeesWhenTheyRiseFaster) {
  chain_.mines = false;
  on_wait_ = [this] {
    chain_.mines = chain_.height >= 102;
    chain_.fees = {9000, 70};
  };
  ASSERT_TRUE(Send().ok());
  EXPECT_EQ(chain_.sent.back().hash, HashAt({9000, 70}));
}

TEST_F(SendAndWaitTest, NeverOffersMoreThanItsLimit) {
  chain_.mines = false;
  options_.most_fee = 1100;
  options_.timeout_s = 20;
  EXPECT_TRUE(absl::IsDeadlineExceeded(Send().status()));
  for (const SignedTransaction& sent : chain_.sent) {
    EXPECT_TRUE(sent.hash == HashAt({1000, 10}) || sent.hash == HashAt({1100, 12}));
  }
}

TEST_F(SendAndWaitTest, RaisesTheFeeOfARefusedReplacementAtOnce) {
  chain_.refusals = {absl::FailedPreconditionError("underpriced"),
                     absl::FailedPreconditionError("underpriced")};
  ASSERT_TRUE(Send().ok());
  ASSERT_EQ(chain_.sent.size(), 3u);
  EXPECT_EQ(chain_.sent[2].hash, HashAt({1267, 14}));
  EXPECT_EQ(waits_, 1);
}

TEST_F(SendAndWaitTest, TellsThatItsLimitIsTooLow) {
  options_.most_fee = 1000;
  chain_.refusals.assign(100, absl::FailedPreconditionError("underpriced"));
  EXPECT_TRUE(absl::IsFailedPrecondition(Send().status()));
  EXPECT_EQ(chain_.sent.size(), 1u);
}

TEST_F(SendAndWaitTest, FindsTheFirstOfferWhenItIsMinedAfterAll) {
  chain_.mines = false;
  on_wait_ = [this] {
    if (chain_.height != 104) return;
    chain_.pending = chain_.sent.front().hash;
    chain_.refusals.assign(100, absl::AlreadyExistsError("nonce too low"));
  };
  const absl::StatusOr<Receipt> receipt = Send();
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->transaction, chain_.sent.front().hash);
  EXPECT_GT(chain_.sent.size(), 1u);
}

TEST_F(SendAndWaitTest, TakesTheNextNonceWhenAnotherTransactionCameFirst) {
  chain_.refusals = {absl::AlreadyExistsError("nonce too low")};
  chain_.nonces = {4, 5};
  ASSERT_TRUE(Send().ok());
  ASSERT_EQ(chain_.sent.size(), 2u);
  EXPECT_EQ(chain_.sent[1].hash, HashAt(chain_.fees, 5));
}

TEST_F(SendAndWaitTest, TellsANonceThatTheEndpointsDisagreeAbout) {
  chain_.refusals.assign(100, absl::AlreadyExistsError("nonce too low"));
  EXPECT_TRUE(absl::IsAlreadyExists(Send().status()));
  EXPECT_EQ(chain_.sent.size(), 1u);
}

TEST_F(SendAndWaitTest, WaitsWhileEndpointsAreAway) {
  chain_.refusals = {absl::UnavailableError("all away")};
  chain_.trouble = absl::UnavailableError("all away");
  on_wait_ = [this] {
    if (waits_ == 10) {
      chain_.trouble = absl::OkStatus();
      chain_.pending = chain_.sent.front().hash;  // it had arrived
    }
  };
  EXPECT_TRUE(Send().ok());
}

TEST_F(SendAndWaitTest, GivesUpInTimeAndNamesTheTransaction) {
  chain_.mines = false;
  options_.timeout_s = 5;
  const absl::Status status = Send().status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(ToHex(chain_.sent.back().hash)));
  EXPECT_EQ(waits_, 10);
}

TEST_F(SendAndWaitTest, TellsWhyATransactionFailed) {
  chain_.success = false;
  EXPECT_EQ(Send().status(),
            absl::AbortedError("transaction failed in block 101, 21000 of 50000 gas used"));
  chain_.replay = absl::AbortedError("reverted: AlreadyOpened(epoch 3)");
  EXPECT_EQ(Send().status(), absl::AbortedError("reverted: AlreadyOpened(epoch 3)"));
  EXPECT_EQ(chain_.called_at, chain_.height - 1);
}

}  // namespace
}  // namespace kaisar::chain
