// Our arithmetic of settling against the JavaScript reference's, on its random epochs
// (tests/vectors/settlement/README.md). The contracts are compared with the same file by
// contracts/test/.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "audit/report.h"
#include "audit/report_tree.h"
#include "audit/settlement.h"
#include "base/hex.h"
#include "chain/committee.h"

namespace kaisar::audit {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLeastEpochs = 1000;

Digest DigestOf(const Json& hex) {
  return ParseHexArray<32>(hex.get<std::string>()).value();
}

std::vector<Digest> DigestsOf(const Json& array) {
  std::vector<Digest> digests;
  for (const Json& hex : array) digests.push_back(DigestOf(hex));
  return digests;
}

Uint256 WeiOf(const Json& decimal) {
  return Uint256::FromDecimal(decimal.get<std::string>()).value();
}

/// One epoch, and what has been paid in it so far.
class Epoch {
 public:
  explicit Epoch(const Json& given) : given_(given), epoch_(given.at("epoch")) {
    deployment_.schedule.genesis = given.at("schedule").at("genesis");
    deployment_.schedule.epoch_seconds = given.at("schedule").at("epochSeconds");
    deployment_.initial_supply = WeiOf(given.at("initialSupply"));
    deployment_.provider_percent = given.at("providerPercent");
    deployment_.band = given.at("band");
    emission_ = EmissionOf(deployment_, epoch_, WeiOf(given.at("funded")));
    for (const Json& device : given.at("devices")) {
      total_weight_ += device.at("weight").get<std::uint32_t>();
    }
  }

  void CheckReports() {
    EXPECT_EQ(emission_, WeiOf(given_.at("expected").at("emission")));
    EXPECT_EQ(Uint256(total_weight_), WeiOf(given_.at("expected").at("totalWeight")));
    for (const Json& slot : given_.at("slots")) {
      trees_.emplace_back();
      if (slot.at("state") != "revealed" && slot.at("state") != "committed") continue;
      Report report;
      report.words = DigestsOf(slot.at("words"));
      report.transcript_root = DigestOf(slot.at("transcriptRoot"));
      report.policy_hash = DigestOf(slot.at("policyHash"));
      report.secret = DigestOf(slot.at("secret"));
      EXPECT_EQ(ReportCommitment(report), DigestOf(slot.at("commitment")));
      if (slot.at("state") != "revealed") continue;
      absl::StatusOr<ReportTree> tree = ReportTree::Make(report.words);
      ASSERT_TRUE(tree.ok()) << tree.status();
      EXPECT_EQ(tree->root(), DigestOf(slot.at("root")));
      trees_.back() = *std::move(tree);
    }
  }

  void CheckDevice(const Json& device) {
    const Json& expected = device.at("expected");
    EXPECT_EQ(expected.is_null(), device.at("weight") == 0);
    if (expected.is_null()) return;
    const std::uint32_t id = device.at("device");
    const auto slots = static_cast<std::uint32_t>(trees_.size());
    const auto members = chain::Committee(DigestOf(given_.at("beacon")), id, slots);
    EXPECT_EQ(members, expected.at("committee").get<std::vector<std::uint32_t>>());
    const SettlementInput input = Heard(device, members);
    const SettlementResult result = Settle(input);
    EXPECT_EQ(result.median, expected.at("median"));
    EXPECT_EQ(result.present_mask, expected.at("presentMask"));
    EXPECT_EQ(result.agreed_mask, expected.at("agreedMask"));
    EXPECT_EQ(result.provider_pay, WeiOf(expected.at("providerPay")));
    EXPECT_EQ(result.commission_each, WeiOf(expected.at("commissionEach")));
    EXPECT_EQ(result.bond_at_stake, WeiOf(expected.at("bondAtStake")));
    EXPECT_EQ(result.promotes, expected.at("promotes"));
    Pay(device.at("owner"), members, result);
  }

  void CheckSums() {
    const Json& owed = given_.at("expected").at("accounts");
    for (std::size_t slot = 0; slot < owed.size(); ++slot) {
      EXPECT_EQ(owed_[static_cast<std::uint32_t>(slot)], WeiOf(owed[slot].at("owed"))) << slot;
    }
    const Json& earned = given_.at("expected").at("earned");
    for (std::size_t owner = 0; owner < earned.size(); ++owner) {
      EXPECT_EQ(earned_[static_cast<std::uint32_t>(owner)], WeiOf(earned[owner])) << owner;
    }
    EXPECT_LE(paid_, emission_);
  }

 private:
  SettlementInput Heard(const Json& device, const std::vector<std::uint32_t>& members) {
    SettlementInput input;
    input.emission = emission_;
    input.weight = device.at("weight");
    input.total_weight = total_weight_;
    input.phase =
        device.at("phase") == "REGISTERING" ? chain::Phase::kRegistering : chain::Phase::kStandby;
    input.was_in_service = device.at("wasInService");
    input.provider_percent = deployment_.provider_percent;
    input.band = deployment_.band;
    const std::uint32_t id = device.at("device");
    const Json& proofs = device.at("expected").at("proofs");
    const Json& scores = device.at("expected").at("scores");
    for (std::size_t i = 0; i < members.size(); ++i) {
      std::optional<std::uint8_t> score;
      if (const std::optional<ReportTree>& tree = trees_[members[i]]; tree.has_value()) {
        const ReportProof proof = tree->Prove(id);
        EXPECT_EQ(proof.word, DigestOf(proofs[i].at("word")));
        EXPECT_EQ(proof.index, proofs[i].at("index").get<std::uint32_t>());
        EXPECT_EQ(proof.next, proofs[i].at("next").get<std::uint32_t>());
        EXPECT_EQ(proof.path, DigestsOf(proofs[i].at("path")));
        EXPECT_TRUE(OpensLeafOf(proof, id, tree->root()));
        score = ScoreIn(proof.word, id);
      }
      EXPECT_EQ(score.has_value() ? Json(*score) : Json(nullptr), scores[i]);
      input.scores.push_back(score);
    }
    return input;
  }

  void Pay(std::uint32_t owner, const std::vector<std::uint32_t>& members,
           const SettlementResult& result) {
    earned_[owner] = earned_[owner] + result.provider_pay;
    paid_ = paid_ + result.provider_pay;
    const std::uint8_t mask =
        result.median == chain::kNoMedian ? result.present_mask : result.agreed_mask;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if ((mask >> i & 1) == 0) continue;
      owed_[members[i]] = owed_[members[i]] + result.commission_each;
      paid_ = paid_ + result.commission_each;
    }
  }

  const Json& given_;
  const std::uint32_t epoch_;
  chain::Deployment deployment_;
  Uint256 emission_, paid_;
  std::uint64_t total_weight_ = 0;
  std::vector<std::optional<ReportTree>> trees_;  // by slot; null: nothing revealed
  std::map<std::uint32_t, Uint256> earned_, owed_;
};

TEST(SettlementDifferential, AgreesWithTheReferenceToTheWeiInEveryRandomEpoch) {
  const char* path = std::getenv("KAISAR_SETTLEMENT_EPOCHS");
  ASSERT_NE(path, nullptr);
  std::ifstream file(path);
  std::size_t epochs = 0, devices = 0;
  for (std::string line; std::getline(file, line); ++epochs) {
    const Json given = Json::parse(line);
    SCOPED_TRACE("epoch number " + given.at("number").dump());
    Epoch epoch(given);
    epoch.CheckReports();
    for (const Json& device : given.at("devices")) {
      SCOPED_TRACE("device " + device.at("device").dump());
      epoch.CheckDevice(device);
      if (!device.at("expected").is_null()) ++devices;
    }
    epoch.CheckSums();
    if (HasFailure()) break;
  }
  EXPECT_GE(epochs, kLeastEpochs);
  RecordProperty("devices", static_cast<int>(devices));
}

}  // namespace
}  // namespace kaisar::audit
