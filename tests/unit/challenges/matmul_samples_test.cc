#include "challenges/matmul/samples.h"

#include <gtest/gtest.h>

#include "tests/unit/challenges/sample_network.h"

namespace kaisar::challenges {
namespace {

TEST(MatmulSamples, AreThoseOfTheVectors) {
  const nlohmann::json vectors = ReadVectors("protocol.json");
  const nlohmann::json& expected = vectors["matmul"]["samples_n256_rounds3"];
  const std::vector<MatmulSample> samples =
      DrawSamples(SampleKey(), DigestOf(vectors["matmul"]["challenge_id"]),
                  DigestOf(vectors["given"]["commitment"]), {256, 3}, 4);
  ASSERT_EQ(samples.size(), expected.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const MatmulSample sample = {expected[i]["j"], expected[i]["r"], expected[i]["c"]};
    EXPECT_EQ(samples[i], sample) << i;
  }
}

TEST(MatmulSamples, DependOnTheKeyTheChallengeAndTheCommitment) {
  const MatmulShape shape = {256, 3};
  const auto samples = DrawSamples(SampleKey(), Filled(1), Filled(2), shape, 8);
  const EpochKey other = EpochKey::Derive(Filled(0x12), Filled(0x22), 31337, 3, 7);
  EXPECT_NE(DrawSamples(SampleKey(), Filled(3), Filled(2), shape, 8), samples);
  EXPECT_NE(DrawSamples(SampleKey(), Filled(1), Filled(3), shape, 8), samples);
  EXPECT_NE(DrawSamples(SampleKey(), Filled(2), Filled(1), shape, 8), samples);
  EXPECT_NE(DrawSamples(other, Filled(1), Filled(2), shape, 8), samples);
}

TEST(MatmulSamples, LieWithinTheShapeAndReachAllOfIt) {
  const auto samples = DrawSamples(SampleKey(), Filled(1), Filled(2), {256, 3}, 1024);
  std::vector<bool> rounds(3), rows(256), columns(256);
  for (const MatmulSample& sample : samples) {
    rounds.at(sample.j) = true;
    rows.at(sample.r) = true;
    columns.at(sample.c) = true;
  }
  EXPECT_EQ(std::count(rounds.begin(), rounds.end(), true), 3);
  // 1024 draws leave (255/256)^1024, 2 %, of the rows out.
  EXPECT_GE(std::count(rows.begin(), rows.end(), true), 240);
  EXPECT_GE(std::count(columns.begin(), columns.end(), true), 240);
}

}  // namespace
}  // namespace kaisar::challenges
