#include "challenges/randomness.h"

#include <gtest/gtest.h>

#include "tests/unit/challenges/sample_network.h"

namespace kaisar::challenges {
namespace {

TEST(Randomness, DerivesTheEpochKeyOfTheVectors) {
  EXPECT_EQ(ToHex(SampleKey().bytes()), ReadVectors("protocol.json")["epoch_key"]);
}

TEST(Randomness, GivesEverySlotEpochChainAndSecretAKeyOfItsOwn) {
  const Digest key = SampleKey().bytes();
  EXPECT_NE(EpochKey::Derive(Filled(0x11), Filled(0x22), 31337, 4, 7).bytes(), key);
  EXPECT_NE(EpochKey::Derive(Filled(0x11), Filled(0x22), 31337, 3, 8).bytes(), key);
  EXPECT_NE(EpochKey::Derive(Filled(0x11), Filled(0x22), 31338, 3, 7).bytes(), key);
  EXPECT_NE(EpochKey::Derive(Filled(0x12), Filled(0x22), 31337, 3, 7).bytes(), key);
  EXPECT_NE(EpochKey::Derive(Filled(0x11), Filled(0x23), 31337, 3, 7).bytes(), key);
}

TEST(Randomness, SeparatesLabelsFromContexts) {
  const EpochKey key = SampleKey();
  EXPECT_NE(key.Value("due", ViewOf("xy")), key.Value("duex", ViewOf("y")));
  EXPECT_NE(key.Value("due", ViewOf("xy")), key.Value("seed", ViewOf("xy")));
}

TEST(Randomness, ReadsAStreamAcrossItsBuffer) {
  const nlohmann::json expected = ReadVectors("challenges.json")["latency_due_ms"];
  const std::uint8_t context[] = {0, 0, 0, 5, 1};
  Stream stream = SampleKey().MakeStream("due", context);
  ASSERT_EQ(expected.size(), 70u);  // more than the 64 words of one read
  for (const nlohmann::json& due_ms : expected) EXPECT_EQ(stream.Draw(21'300'000), due_ms);
}

TEST(Randomness, BeginsAStreamAtAnyWord) {
  Stream whole(Filled(0x77));
  for (std::uint64_t first = 0; first < 70; ++first) {
    const std::uint64_t word = whole.NextWord();
    Stream part(Filled(0x77), first);
    EXPECT_EQ(part.NextWord(), word) << first;
  }
}

TEST(Randomness, DrawsBelowTheBoundAlsoForTheLargestBound) {
  Stream stream(Filled(0x77));
  Stream same(Filled(0x77));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(stream.Draw(1), 0u);
    EXPECT_LT(same.Draw(3), 3u);
  }
  Stream words(Filled(0x78));
  Stream drawn(Filled(0x78));
  const std::uint64_t word = words.NextWord();
  // floor(word · (2^64 − 1) / 2^64) is the word less one, for any word but 0.
  EXPECT_EQ(drawn.Draw(~std::uint64_t{0}), word - 1);
}

TEST(Randomness, DrawsTheMusterFromTheBeaconAlone) {
  EXPECT_EQ(MusterStream(Filled(0x22), 7).Draw(21'300'000),
            ReadVectors("challenges.json")["muster_ms"]);
}

}  // namespace
}  // namespace kaisar::challenges
