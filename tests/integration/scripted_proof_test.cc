// The scripted provider's honest work against the prover, its lies against the check: no network.
#include "tests/support/scripted_proof.h"

#include <gtest/gtest.h>

#include "base/sha256.h"
#include "challenges/matmul/check.h"
#include "challenges/matmul/prover.h"
#include "tests/support/lying_engine.h"
#include "tests/support/scripted_device.h"

namespace kaisar::testing {
namespace {

constexpr challenges::MatmulShape kShape{.n = 256, .rounds = 3};

std::shared_ptr<const ScriptedProof> Prove(const char* behaviour, const Digest& seed) {
  const auto engine = MakeLyingEngine(*ParseBehaviour(behaviour), kernels::MakeCpuEngine(1));
  return *ScriptedProof::Compute(seed, kShape, *engine, [] { return false; });
}

/// 64 samples that cover all rounds.
std::vector<challenges::MatmulSample> Samples() {
  std::vector<challenges::MatmulSample> samples;
  for (std::uint32_t i = 0; i < 64; ++i) {
    samples.push_back({.j = i % kShape.rounds, .r = i * 37 % 256, .c = i * 101 % 256});
  }
  return samples;
}

absl::Status Check(const ScriptedProof& proof, const Digest& seed,
                   const v1::MatmulOpeningBody& body) {
  challenges::MatmulClaim claim{.seed = seed, .shape = kShape, .roots = {}, .samples = Samples()};
  const std::string roots = proof.Roots();
  for (std::size_t i = 0; i < kShape.rounds; ++i) {
    Digest root{};
    EXPECT_TRUE(CopyExactly(ViewOf(roots).subspan(32 * i, 32), root));
    claim.roots.push_back(root);
  }
  return challenges::CheckOpening(claim, body);
}

TEST(ScriptedProof, EqualsTheProversByteForByte) {
  const Digest seed = Sha256(ViewOf("seed"));
  const auto engine = kernels::MakeCpuEngine(1);
  const auto honest = challenges::MatmulProof::Compute(seed, kShape, *engine, [] { return false; });
  ASSERT_TRUE(honest.ok());
  const auto scripted = Prove("honest", seed);
  std::string roots;
  for (const Digest& root : (*honest)->roots()) roots += ToString(root);
  EXPECT_EQ(scripted->Roots(), roots);
  EXPECT_EQ(scripted->Open(Samples()).SerializeAsString(),
            (*honest)->Open(Samples())->SerializeAsString());
  EXPECT_TRUE(Check(*scripted, seed, scripted->Open(Samples())).ok());
}

TEST(ScriptedProof, EveryLieInTheWorkFailsTheCheck) {
  const Digest seed = Sha256(ViewOf("seed"));
  for (const CheatInfo& info : AllCheats()) {
    if (!LiesInWork(info.cheat)) continue;
    const auto proof = Prove(info.name, seed);
    EXPECT_FALSE(Check(*proof, seed, proof->Open(Samples())).ok()) << info.name;
  }
}

TEST(ScriptedProof, SkippingAFewProductsLeavesTheOthersRight) {
  const Digest seed = Sha256(ViewOf("seed"));
  const auto proof = Prove("skip-products=10", seed);
  const auto honest = Prove("honest", seed);
  const auto samples = Samples();
  const v1::MatmulOpeningBody body = proof->Open(samples);
  const v1::MatmulOpeningBody right = honest->Open(samples);
  std::size_t guessed = 0;
  std::size_t all = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (samples[i].j != 0) continue;  // later rounds start from another state
    const std::string& segment = body.samples(static_cast<int>(i)).segment();
    for (std::size_t k = 0; k < segment.size(); ++k, ++all) {
      if (segment[k] != right.samples(static_cast<int>(i)).segment()[k]) ++guessed;
    }
  }
  EXPECT_GT(guessed * 100, all * 8);
  EXPECT_LT(guessed * 100, all * 12);
}

TEST(ScriptedProof, EveryLieInTheOpeningFailsTheCheck) {
  const Digest seed = Sha256(ViewOf("seed"));
  const auto proof = Prove("honest", seed);
  for (const Cheat cheat : {Cheat::kWrongSizeOpening, Cheat::kEmptyOpening, Cheat::kFewerOpenings,
                            Cheat::kMoreOpenings, Cheat::kSwappedOpenings, Cheat::kRepeatedOpenings,
                            Cheat::kWrongPath, Cheat::kWrongElement}) {
    v1::MatmulOpeningBody body = proof->Open(Samples());
    LieInOpening(cheat, body);
    EXPECT_FALSE(Check(*proof, seed, body).ok()) << NameOf(cheat);
  }
}

TEST(Cheats, EveryNameReadsAsItself) {
  for (const CheatInfo& info : AllCheats()) {
    EXPECT_EQ(NameOf(info.cheat), std::string(info.name));
    const auto behaviour = ParseBehaviour(info.name);
    ASSERT_TRUE(behaviour.ok()) << info.name;
    EXPECT_EQ(behaviour->cheat, info.cheat);
    EXPECT_EQ(behaviour->value, info.otherwise);
  }
}

TEST(Cheats, ABehaviourMayNameValueKindAndDevices) {
  const auto behaviour = ParseBehaviour("late-pings=70@latency:3-5");
  ASSERT_TRUE(behaviour.ok());
  EXPECT_EQ(behaviour->value, 70U);
  const std::vector<Behaviour> behaviours = {*behaviour};
  EXPECT_EQ(FindBehaviour(behaviours, 4, v1::LATENCY).cheat, Cheat::kLatePings);
  EXPECT_EQ(FindBehaviour(behaviours, 4, v1::MATMUL).cheat, Cheat::kHonest);
  EXPECT_EQ(FindBehaviour(behaviours, 6, v1::LATENCY).cheat, Cheat::kHonest);
}

TEST(Cheats, NonsenseIsRejectedWithThePartThatIsWrong) {
  for (const auto& [text, part] : {std::pair{"steal", "cheat is steal"},
                                   {"silent@storage", "kind is storage"},
                                   {"late-pings=soon", "value is soon"},
                                   {"silent:5-3", "devices are 5-3"}}) {
    const auto behaviour = ParseBehaviour(text);
    ASSERT_FALSE(behaviour.ok()) << text;
    EXPECT_NE(behaviour.status().message().find(part), absl::string_view::npos) << text;
  }
}

}  // namespace
}  // namespace kaisar::testing
