// What endpoints, nodes and other people's keys do to a submitter, by name.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "chain/calls.h"
#include "chain/transaction.h"
#include "tests/unit/reporter/submitter_scene.h"

namespace kaisar::reporter {
namespace {

using ::testing::HasSubstr;

/// A scene at the beginning of the commit window of epoch 0, whose report is there.
class HostileSubmitter : public ::testing::Test {
 protected:
  void SetUp() override {
    scene.Start();
    scene.Add(scene.MakeReport(0));
    scene.RunUntil(scene.schedule().end(0) - 1);
  }

  /// The report is accepted by one commitment and one reveal.
  void ExpectAccepted() {
    scene.RunUntil(scene.schedule().settle_begin(0) + 40);
    EXPECT_EQ(scene.StageOf(0).stage, Stage::kDone) << scene.AllNotices();
    EXPECT_EQ(scene.Included(kCommit), 1) << scene.AllNotices();
    EXPECT_EQ(scene.Included(kReveal), 1) << scene.AllNotices();
  }

  /// A transaction of the slot's key that does not come from here.
  void SendElsewhere(std::uint64_t nonce, const Address& to, const Bytes& input,
                     std::uint64_t max_gwei = 300, std::uint64_t priority_mwei = 250'000) {
    chain::Transaction transaction;
    transaction.chain_id = scene.chain().chain_id();
    transaction.nonce = nonce;
    transaction.fees = {Uint256(max_gwei * 1'000'000'000), Uint256(priority_mwei * 1'000'000)};
    transaction.gas_limit = 1'000'000;
    transaction.to = to;
    transaction.input = input;
    const absl::Status status =
        scene.chain().Send(chain::SignTransaction(transaction, scene.key()));
    EXPECT_TRUE(status.ok()) << status;
  }

  SubmitterScene scene;
};

TEST_F(HostileSubmitter, WaitsOutAnEndpointThatAnswersNothing) {
  const std::uint64_t back_ms = (scene.schedule().end(0) + 5) * 1000;  // half of the window
  scene.chain().before = [&](absl::string_view) {
    return scene.clock().WallMs() < back_ms ? absl::UnavailableError("http://a: connection refused")
                                            : absl::OkStatus();
  };
  ExpectAccepted();
  EXPECT_TRUE(scene.Noticed("connection refused"));
}

TEST_F(HostileSubmitter, WaitsOutAnEndpointThatAnswersGarbage) {
  const std::uint64_t back_ms = (scene.schedule().end(0) + 5) * 1000;
  scene.chain().before = [&](absl::string_view method) {
    return method == "Call" && scene.clock().WallMs() < back_ms
               ? absl::UnavailableError("http://a: <html>: not JSON")
               : absl::OkStatus();
  };
  ExpectAccepted();
  EXPECT_TRUE(scene.Noticed("not JSON"));
}

TEST_F(HostileSubmitter, SendsNothingToAnotherChain) {
  scene.chain().before = [](absl::string_view) {
    return absl::FailedPreconditionError("http://a serves chain 1, expected 31337");
  };
  scene.RunUntil(scene.schedule().settle_begin(0) + 10);
  EXPECT_EQ(scene.HandedIn(kCommit), 0);
  EXPECT_TRUE(scene.Noticed("serves chain 1, expected 31337"));
}

TEST_F(HostileSubmitter, TellsThatTheNewestBlockIsStale) {
  scene.chain().StandStill(true);
  scene.RunUntil(scene.schedule().settle_begin(0) + 120);
  EXPECT_TRUE(scene.Noticed("s old: the chain stands still")) << scene.AllNotices();
  EXPECT_EQ(scene.HandedIn(kCommit), 0);
  EXPECT_NE(scene.StageOf(0).stage, Stage::kMissed);  // the chain's time stands still, too
  scene.chain().StandStill(false);
}

TEST_F(HostileSubmitter, TellsThatAWindowWasMissedAndWhy) {
  scene.chain().before = [&](absl::string_view) {
    return scene.clock().WallMs() < (scene.schedule().reveal_begin(0) + 3) * 1000
               ? absl::UnavailableError("http://a: connection refused")
               : absl::OkStatus();
  };
  scene.RunUntil(scene.schedule().settle_begin(0) + 10);
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kMissed);
  EXPECT_EQ(scene.StageOf(0).why,
            "the commit window ended at 1970-01-12 13:48:50 UTC without a commitment of this slot; "
            "last trouble: http://a: connection refused");
  EXPECT_TRUE(scene.Noticed("report of epoch 0 missed: the commit window ended"));
  EXPECT_EQ(scene.HandedIn(kCommit), 0);
}

TEST_F(HostileSubmitter, MakesTheTransactionAnewWhenItsNonceWasUsedElsewhere) {
  scene.chain().HoldTransactions(true);
  scene.RunUntil(scene.schedule().end(0) + 1);
  ASSERT_EQ(scene.HandedIn(kCommit), 1);
  const std::uint64_t nonce = scene.chain().NonceOf(scene.key().address());
  SendElsewhere(nonce, Address{1}, {});
  scene.chain().HoldTransactions(false);
  ExpectAccepted();
  EXPECT_TRUE(scene.Noticed("was used by a transaction not sent from here"));
}

TEST_F(HostileSubmitter, RaisesWhatIsUnderpricedAsAReplacement) {
  scene.chain().HoldTransactions(true);
  const std::uint64_t nonce = scene.chain().NonceOf(scene.key().address());
  SendElsewhere(nonce, scene.chain().deployment().settlement, chain::WithdrawCall(), 5, 1900);
  scene.RunUntil(scene.schedule().end(0) + 6);
  EXPECT_TRUE(scene.Noticed("underpriced")) << scene.AllNotices();
  EXPECT_EQ(scene.HandedIn(kCommit), 2);  // the second one with higher fees
  scene.chain().HoldTransactions(false);
  ExpectAccepted();
}

TEST_F(HostileSubmitter, PaysMoreWhenGasSpikes) {
  scene.chain().HoldTransactions(true);
  scene.RunUntil(scene.schedule().end(0) + 1);
  scene.chain().SetBaseFee(Uint256(150'000'000'000));
  scene.chain().HoldTransactions(false);
  ExpectAccepted();
}

TEST_F(HostileSubmitter, SurvivesNonsenseAboutGas) {
  Digest word;
  word.fill(0xff);
  scene.chain().SetBaseFee(Uint256::FromWord(word) / Uint256(4));
  scene.RunUntil(scene.schedule().end(0) + 5);
  EXPECT_EQ(scene.HandedIn(kCommit), 0);
  scene.chain().SetBaseFee(Uint256(1'000'000'000));
  ExpectAccepted();
}

TEST_F(HostileSubmitter, WaitsUntilGasCostsWhatItMayPay) {
  scene.chain().SetBaseFee(Uint256(900'000'000'000));
  scene.RunUntil(scene.schedule().end(0) + 5);
  EXPECT_EQ(scene.HandedIn(kCommit), 0);
  EXPECT_TRUE(scene.Noticed("gas costs 900 gwei, limit 200 gwei")) << scene.AllNotices();
  scene.chain().SetBaseFee(Uint256(1'000'000'000));
  ExpectAccepted();
}

TEST_F(HostileSubmitter, NamesTheEmptyAccountAndGoesOnWhenItIsFilled) {
  scene.chain().SetBalance(scene.key().address(), Uint256());
  scene.RunUntil(scene.schedule().end(0) + 5);
  EXPECT_EQ(scene.HandedIn(kCommit), 0);
  EXPECT_TRUE(scene.Noticed("has 0, the next transaction takes")) << scene.AllNotices();
  scene.chain().SetBalance(scene.key().address(), ParseEther("1").value());
  ExpectAccepted();
}

TEST_F(HostileSubmitter, KeepsTheLastCoinForReports) {
  scene.Add(scene.MakeReport(1));
  scene.RunUntil(scene.schedule().settle_begin(0) - 1);
  const int opened = scene.HandedIn(kOpen);
  scene.chain().SetBalance(scene.key().address(), ParseEther("0.003").value());
  scene.RunUntil(scene.schedule().settle_begin(1) - 1);
  EXPECT_EQ(scene.StageOf(1).stage, Stage::kRevealed) << scene.AllNotices();
  EXPECT_EQ(scene.HandedIn(kSettle), 0);
  EXPECT_THAT(scene.StageOf(0).why, HasSubstr("keeps for reports"));
  EXPECT_EQ(scene.HandedIn(kOpen), opened);
  EXPECT_TRUE(scene.Noticed("open epoch of epoch 2 is left to others: hot key 0x"));
  scene.chain().SetBalance(scene.key().address(), ParseEther("1").value());
  scene.RunUntil(scene.schedule().settle_begin(1) + 40);
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kDone) << scene.AllNotices();
  EXPECT_EQ(scene.HandedIn(kOpen), opened + 1);
}

TEST_F(HostileSubmitter, IsHeldByACommitmentThatItsKeyMadeElsewhere) {
  Digest foreign{};
  foreign.fill(0x60);
  scene.chain().HoldTransactions(true);
  scene.RunUntil(scene.schedule().end(0));
  const std::uint64_t nonce = scene.chain().NonceOf(scene.key().address());
  SendElsewhere(nonce, scene.chain().deployment().reports, chain::CommitCall(0, 0, foreign));
  scene.chain().HoldTransactions(false);
  scene.RunUntil(scene.schedule().settle_begin(0) + 10);
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kHeld) << scene.AllNotices();
  EXPECT_TRUE(scene.Noticed("the key of slot 0 is used elsewhere"));
  EXPECT_EQ(scene.HandedIn(kReveal), 0);
}

TEST_F(HostileSubmitter, CommitsTwiceNeverThoughTheStateIsBehind) {
  // An endpoint whose state lags two blocks: the commitment is in a block and does not show yet.
  scene.RunUntil(scene.schedule().end(0) + 3);
  scene.chain().contracts().reports.erase({0, 0});
  scene.RunUntil(scene.schedule().end(0) + 3);
  EXPECT_EQ(scene.HandedIn(kCommit), 1);
}

TEST_F(HostileSubmitter, SendsTheSameBytesAfterAReorganisationOfTheCommitment) {
  for (const bool forgotten : {false, true}) {
    SubmitterScene other;
    other.Start();
    other.Add(other.MakeReport(0));
    other.RunUntil(other.schedule().end(0) + 2);
    ASSERT_EQ(other.Included(kCommit), 1);
    other.chain().Reorganise(2, forgotten);
    ASSERT_EQ(other.Included(kCommit), 0);
    other.RunUntil(other.schedule().settle_begin(0) + 40);
    EXPECT_EQ(other.StageOf(0).stage, Stage::kDone) << other.AllNotices();
    EXPECT_EQ(other.Included(kCommit), 1);
    EXPECT_EQ(other.HandedIn(kCommit), 1);  // the same bytes
  }
}

TEST_F(HostileSubmitter, SendsTheSameBytesAfterAReorganisationOfTheReveal) {
  scene.RunUntil(scene.schedule().reveal_begin(0) + 2);
  ASSERT_EQ(scene.Included(kReveal), 1);
  scene.chain().Reorganise(2, /*forgotten=*/true);
  ASSERT_EQ(scene.Included(kReveal), 0);
  ExpectAccepted();
  EXPECT_EQ(scene.HandedIn(kReveal), 1);
}

TEST_F(HostileSubmitter, LosesNoCommitmentToAReorganisationDeeperThanTheConfirmations) {
  // Slot 0 commits to epoch 2 and opens epoch 3: one may count as done while the other does not.
  for (std::uint64_t after_s = 2; after_s <= 6; ++after_s) {
    for (std::uint64_t depth = 2; depth <= after_s; ++depth) {
      SubmitterScene other;
      other.Start();
      other.Add(other.MakeReport(2));
      other.RunUntil(other.schedule().end(2) + after_s);
      other.chain().Reorganise(depth, /*forgotten=*/true);
      other.RunUntil(other.schedule().settle_begin(2) + 40);
      EXPECT_EQ(other.StageOf(2).stage, Stage::kDone)
          << after_s << " s, " << depth << " blocks: " << other.AllNotices();
      EXPECT_EQ(other.Included(kCommit), 1) << after_s << " s, " << depth << " blocks";
    }
  }
}

TEST_F(HostileSubmitter, SendsAgainWhatNodesForgot) {
  scene.chain().HoldTransactions(true);
  scene.RunUntil(scene.schedule().end(0) + 1);
  scene.chain().DropMempool();
  scene.chain().HoldTransactions(false);
  ExpectAccepted();
}

TEST_F(HostileSubmitter, GoesOnBehindATransactionThatNodesForgotAtTheFeeLimit) {
  scene.chain().HoldTransactions(true);
  scene.RunUntil(scene.schedule().reveal_begin(0) + 5);
  ASSERT_EQ(scene.StageOf(0).stage, Stage::kMissed);
  ASSERT_EQ(scene.chain().handed_in().back().fields.fees.max_fee, scene.settings.most_fee);
  scene.chain().DropMempool();
  scene.chain().HoldTransactions(false);
  scene.Add(scene.MakeReport(1));
  scene.RunUntil(scene.schedule().settle_begin(1) - 1);
  EXPECT_EQ(scene.StageOf(1).stage, Stage::kRevealed) << scene.AllNotices();
}

TEST_F(HostileSubmitter, ReplacesByAReportWhateverElseWaitsForABlock) {
  scene.Add(scene.MakeReport(1));
  scene.RunUntil(scene.schedule().settle_begin(0) - 1);
  ASSERT_EQ(scene.StageOf(0).stage, Stage::kRevealed);
  scene.chain().HoldTransactions(true);
  scene.RunUntil(scene.schedule().end(1) - 1);
  ASSERT_GT(scene.HandedIn(kSettle), 10);  // raised as far as it may be
  scene.RunUntil(scene.schedule().end(1) + 3);
  EXPECT_EQ(scene.HandedIn(kCommit), 2) << scene.AllNotices();
  scene.chain().HoldTransactions(false);
  scene.RunUntil(scene.schedule().settle_begin(1) - 1);
  EXPECT_EQ(scene.StageOf(1).stage, Stage::kRevealed) << scene.AllNotices();
}

TEST_F(HostileSubmitter, SettlesTheOthersWhenOneDeviceCannotBe) {
  scene.chain().contracts().unsettleable = {3};
  scene.RunUntil(scene.schedule().settle_begin(0) + 90);
  EXPECT_EQ(scene.chain().contracts().settled.size(), 5u) << scene.AllNotices();
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kSettling);
  EXPECT_EQ(scene.StageOf(0).why,
            "settling goes on later: device 3 cannot be settled: reverted: NoWeight(0, 3)");
  scene.chain().contracts().unsettleable.clear();
  scene.RunUntil(scene.schedule().settle_begin(0) + 110);
  EXPECT_EQ(scene.chain().contracts().settled.size(), 6u) << scene.AllNotices();
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kDone);
  EXPECT_EQ(scene.StageOf(0).why, "");
}

TEST_F(HostileSubmitter, SettlesAllOfItAfterAPause) {
  scene.chain().contracts().settling_paused = true;
  scene.RunUntil(scene.schedule().settle_begin(0) + 300);
  EXPECT_EQ(scene.HandedIn(kSettle), 0);
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kSettling);
  EXPECT_EQ(scene.StageOf(0).why, "settling goes on later: reverted: GroupPaused(group 0)");
  scene.chain().contracts().settling_paused = false;
  scene.RunUntil(scene.schedule().settle_begin(0) + 330);
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kDone) << scene.AllNotices();
  EXPECT_EQ(scene.chain().contracts().settled.size(), 6u);
}

TEST_F(HostileSubmitter, BringsReportsThoughNoEndpointTellsWhatIsSettled) {
  scene.chain().contracts().marked = {{0, 1}, {0, 2}, {1, 1}, {1, 2}};  // which reads events, too
  bool refused = true;
  int asked = 0;
  scene.chain().before = [&](absl::string_view method) {
    if (method != "Logs") return absl::OkStatus();
    ++asked;
    return refused
               ? absl::UnavailableError(absl::StrCat("eth_getLogs: range is too large, ", asked))
               : absl::OkStatus();
  };
  scene.Add(scene.MakeReport(1));
  scene.RunUntil(scene.schedule().settle_begin(1) - 1);
  EXPECT_EQ(scene.StageOf(1).stage, Stage::kRevealed) << scene.AllNotices();
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kSettling);
  EXPECT_EQ(scene.StageOf(0).why, "settling goes on later: eth_getLogs: range is too large, 1");
  EXPECT_LT(asked, 30);  // of 120 blocks
  EXPECT_EQ(scene.HandedIn(kSettle), 0);
  refused = false;
  scene.RunUntil(scene.schedule().settle_begin(1) + 60);
  for (const std::uint32_t epoch : {0u, 1u}) {
    EXPECT_EQ(scene.StageOf(epoch).stage, Stage::kDone);
    EXPECT_EQ(scene.StageOf(epoch).why, "");
  }
  EXPECT_EQ(scene.chain().contracts().settled.size(), 12u);
}

TEST_F(HostileSubmitter, SettlesNewEpochsThoughTheEventsOfOldOnesAreGone) {
  for (std::uint32_t epoch = 1; epoch < 6; ++epoch) scene.Add(scene.MakeReport(epoch));
  scene.chain().contracts().settling_paused = true;
  scene.RunUntil(scene.schedule().end(5) - 1);
  scene.chain().ForgetLogs(scene.chain().Latest().value().number);
  scene.chain().contracts().settling_paused = false;
  scene.Restart();  // at an endpoint that was synchronized by a snapshot
  scene.RunUntil(scene.schedule().settle_begin(5) + 60);
  EXPECT_EQ(scene.StageOf(5).stage, Stage::kDone) << scene.AllNotices();
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kSettling);
  EXPECT_THAT(scene.StageOf(0).why, HasSubstr("its words are in no event"));
}

TEST_F(HostileSubmitter, SettlesByProofsOfAllMembersThatRevealed) {
  // The others' reports: one revealed, one never shown, which must not block.
  testing::FakeContracts& state = scene.chain().contracts();
  Digest commitment{};
  commitment.fill(0x70);
  state.reports[{0, 2}] = commitment;
  ExpectAccepted();
  EXPECT_EQ(scene.chain().contracts().settled.size(), 6u);
}

TEST_F(HostileSubmitter, GoesOnWhereEndpointsKeepNoOldState) {
  scene.chain().Prune(1'000'000);
  scene.chain().before = [&](absl::string_view method) {
    // Every view asks for the newest block, or is refused as the state of an old one.
    if (method == "Call") scene.chain().Prune(scene.chain().Latest().value().number);
    return absl::OkStatus();
  };
  ExpectAccepted();
}

}  // namespace
}  // namespace kaisar::reporter
