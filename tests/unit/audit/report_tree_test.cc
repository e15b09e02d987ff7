#include "audit/report_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "audit/report.h"
#include "base/hex.h"

namespace kaisar::audit {
namespace {

using ::testing::HasSubstr;

/// tests/vectors/chain/make_report_tree.mjs, by ethers.
nlohmann::json Vectors() {
  std::ifstream file(std::string(std::getenv("KAISAR_SOURCE_DIR")) +
                     "/tests/vectors/chain/report_tree.json");
  return nlohmann::json::parse(file).at("trees");
}

Digest DigestOf(const nlohmann::json& text) {
  return ParseHexArray<32>(text.get<std::string>()).value();
}

std::vector<Digest> DigestsOf(const nlohmann::json& array) {
  std::vector<Digest> digests;
  for (const auto& text : array) digests.push_back(DigestOf(text));
  return digests;
}

/// A word with one device in each lane.
Digest WordFrom(std::uint32_t first) {
  std::vector<DeviceScore> scores;
  for (std::uint32_t i = 0; i < 8; ++i) {
    DeviceScore score;
    score.device = first + i;
    score.score = static_cast<std::uint8_t>(10 * i);
    scores.push_back(score);
  }
  return PackScores(scores).front();
}

TEST(ReportTree, HasTheRootAndProofsThatEthersComputes) {
  const nlohmann::json trees = Vectors();
  ASSERT_FALSE(trees.empty());
  for (const auto& expected : trees) {
    const auto tree = ReportTree::Make(DigestsOf(expected.at("words")));
    ASSERT_TRUE(tree.ok()) << tree.status();
    EXPECT_EQ(tree->root(), DigestOf(expected.at("root")));
    for (const auto& opened : expected.at("proofs")) {
      const std::uint32_t device = opened.at("device");
      const ReportProof proof = tree->Prove(device);
      EXPECT_EQ(proof.word, DigestOf(opened.at("word"))) << device;
      EXPECT_EQ(proof.index, opened.at("index").get<std::uint32_t>()) << device;
      EXPECT_EQ(proof.next, opened.at("next").get<std::uint32_t>()) << device;
      EXPECT_EQ(proof.path, DigestsOf(opened.at("path"))) << device;
      EXPECT_TRUE(OpensLeafOf(proof, device, tree->root())) << device;
    }
  }
}

TEST(ReportTree, RefusesWordsWhoseFirstIdsDoNotAscend) {
  const absl::Status same = ReportTree::Make({WordFrom(1), WordFrom(9), WordFrom(9)}).status();
  EXPECT_EQ(same.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(same.message()), HasSubstr("word 2: first device 9 follows 9"));
  EXPECT_FALSE(ReportTree::Make({WordFrom(9), WordFrom(1)}).ok());
}

TEST(ReportTree, ProvesThatADeviceBetweenTwoWordsHasNoScore) {
  const auto tree = ReportTree::Make({WordFrom(10), WordFrom(100), WordFrom(200)}).value();
  const ReportProof proof = tree.Prove(50);
  EXPECT_EQ(proof.index, 0u);
  EXPECT_EQ(proof.next, 100u);
  EXPECT_TRUE(OpensLeafOf(proof, 50, tree.root()));
  EXPECT_EQ(ScoreIn(proof.word, 50), std::nullopt);
}

TEST(ReportTree, ProofOfOneRangeOpensNoDeviceOfAnother) {
  const auto tree = ReportTree::Make({WordFrom(10), WordFrom(100), WordFrom(200)}).value();
  const ReportProof middle = tree.Prove(100);
  EXPECT_TRUE(OpensLeafOf(middle, 199, tree.root()));
  EXPECT_FALSE(OpensLeafOf(middle, 99, tree.root()));
  EXPECT_FALSE(OpensLeafOf(middle, 200, tree.root()));
  EXPECT_FALSE(OpensLeafOf(tree.Prove(200), 0xffffff, tree.root()));
}

TEST(ReportTree, ProofWithAnythingChangedOpensNothing) {
  const auto tree = ReportTree::Make({WordFrom(10), WordFrom(100), WordFrom(200)}).value();
  const ReportProof honest = tree.Prove(100);
  ReportProof changed = honest;
  changed.word[7] ^= 1;  // a score
  EXPECT_FALSE(OpensLeafOf(changed, 100, tree.root()));
  changed = honest;
  changed.index = 0;  // would cover all ids below
  EXPECT_FALSE(OpensLeafOf(changed, 100, tree.root()));
  changed = honest;
  changed.next = 300;
  EXPECT_FALSE(OpensLeafOf(changed, 100, tree.root()));
  changed = honest;
  changed.path.pop_back();
  EXPECT_FALSE(OpensLeafOf(changed, 100, tree.root()));
  changed = honest;
  changed.path[0][0] ^= 1;
  EXPECT_FALSE(OpensLeafOf(changed, 100, tree.root()));
}

TEST(ReportTree, EmptyReportProvesThatNoDeviceHasAScore) {
  const auto tree = ReportTree::Make({}).value();
  for (const std::uint32_t device : {0u, 1u, 0xfffffeu}) {
    const ReportProof proof = tree.Prove(device);
    EXPECT_TRUE(proof.path.empty());
    EXPECT_TRUE(OpensLeafOf(proof, device, tree.root()));
    EXPECT_EQ(ScoreIn(proof.word, device), std::nullopt);
  }
}

TEST(ReportTree, RootHasTheFlagThatTellsItFromACommitment) {
  for (std::uint32_t first = 0; first < 16; ++first) {
    EXPECT_EQ(ReportTree::Make({WordFrom(first)})->root().back() & 1, 1);
  }
}

TEST(ScoreIn, TakesTheFirstLaneOfADeviceAndNoScoreAboveTwoHundred) {
  const auto word = [](const std::string& lanes) {
    return ParseHexArray<32>(lanes + "ffffff00ffffff00ffffff00ffffff00ffffff00").value();
  };
  const Digest twice = word("000007050000070900000810");
  EXPECT_EQ(ScoreIn(twice, 7), 5);
  EXPECT_EQ(ScoreIn(twice, 8), 16);
  EXPECT_EQ(ScoreIn(twice, 9), std::nullopt);
  const Digest high = word("000007c8000008c900000801");
  EXPECT_EQ(ScoreIn(high, 7), 200);
  EXPECT_EQ(ScoreIn(high, 8), std::nullopt);  // 201; the later lane does not count
}

}  // namespace
}  // namespace kaisar::audit
