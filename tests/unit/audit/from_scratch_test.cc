// Proofs whose work is done again: which ones, and what is said of a wrong root.
#include "audit/from_scratch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "audit/verify_command.h"
#include "challenges/matmul/prover.h"
#include "kernels/gpu.h"
#include "kernels/host_engine.h"
#include "tests/support/fake_gpu.h"
#include "tests/unit/audit/changed_epoch.h"

namespace kaisar::audit {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Digest Filled(std::uint8_t byte) {
  Digest digest;
  digest.fill(byte);
  return digest;
}

std::vector<std::uint64_t> Choose(std::uint32_t count, std::uint64_t of, std::uint8_t seed) {
  ProofChoice choice(count, Filled(seed));
  for (std::uint64_t index = 0; index < of; ++index) {
    PassedProof proof;
    proof.index = index;
    if (choice.Takes()) choice.Take(std::move(proof));
  }
  std::vector<std::uint64_t> chosen;
  for (const PassedProof& proof : choice.Chosen()) chosen.push_back(proof.index);
  return chosen;
}

TEST(ProofChoice, TakesAllWhereThereAreFew) {
  EXPECT_THAT(Choose(3, 2, 1), ::testing::ElementsAre(0, 1));
  EXPECT_THAT(Choose(3, 0, 1), IsEmpty());
}

TEST(ProofChoice, IsTheSameForTheSameSeedAndAnotherForAnother) {
  EXPECT_EQ(Choose(3, 1000, 1), Choose(3, 1000, 1));
  EXPECT_NE(Choose(3, 1000, 1), Choose(3, 1000, 2));
}

TEST(ProofChoice, TakesEachWithTheSameProbability) {
  std::map<std::uint64_t, int> taken;
  for (std::uint8_t seed = 0; seed < 250; ++seed) {
    for (const std::uint64_t index : Choose(2, 10, seed)) ++taken[index];
  }
  ASSERT_THAT(taken, SizeIs(10));
  for (const auto& [index, times] : taken) {
    EXPECT_GT(times, 25) << index;  // 50 on average; the seeds are fixed
    EXPECT_LT(times, 80) << index;
  }
}

PassedProof HonestProof(std::uint32_t rounds = 3) {
  PassedProof proof;
  proof.index = 17;
  proof.planned = {0, 5, 2, v1::MATMUL};
  proof.seed = Filled(9);
  proof.shape = {256, rounds};
  const auto engine = kernels::MakePlainEngine();
  proof.roots = (*challenges::MatmulProof::Compute(proof.seed, proof.shape, *engine, [] {
                  return false;
                }))->roots();
  return proof;
}

TEST(FromScratch, AcceptsWhatTheWorkGives) {
  const auto recomputer = MakeRecomputer(2, nullptr);
  const auto again = DoAgain({HonestProof()}, Filled(1), *recomputer, nullptr);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(again->differences, IsEmpty());
  EXPECT_EQ(again->holds, std::vector<bool>{true});
  EXPECT_THAT(again->engine, HasSubstr("cpu"));
}

TEST(FromScratch, NamesTheFirstWrongRootAndEndsThere) {
  PassedProof proof = HonestProof();
  proof.roots[1][0] ^= 1;
  proof.roots[2][0] ^= 1;
  std::uint32_t done = 0;
  const auto recomputer = MakeRecomputer(1, nullptr);
  const auto again = DoAgain({proof, HonestProof()}, Filled(1), *recomputer,
                             [&](std::size_t i, std::uint32_t rounds) {
                               if (i == 0) done = rounds;
                             });
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(again->differences,
              ::testing::ElementsAre(HasSubstr("record 17: device 5, matmul challenge 2 "
                                               "(0000000000000000…): root 2 of 3 is ")));
  EXPECT_EQ(again->holds, (std::vector<bool>{false, true}));
  EXPECT_EQ(done, 2u);
}

/// Again, by a simulated GPU with something wrong with it.
absl::StatusOr<FromScratch> DoAgainOnGpu(const std::vector<PassedProof>& proofs,
                                         const testing::GpuFaults& faults, int& works) {
  const auto control = std::make_shared<testing::FakeGpuControl>(std::uint64_t{1} << 30);
  control->Order(faults);
  const auto recomputer =
      MakeRecomputer(1, kernels::MakeGpuEngine(testing::MakeFakeGpu(control), [] {}));
  auto again = DoAgain(proofs, Filled(1), *recomputer, nullptr);
  works = control->Use().works;
  return again;
}

TEST(FromScratch, WorksOnTheGpuWhereThereIsOne) {
  int works = 0;
  const auto again = DoAgainOnGpu({HonestProof(), HonestProof(2)}, {}, works);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->holds, (std::vector<bool>{true, true}));
  EXPECT_THAT(again->engine, ::testing::Not(HasSubstr("cpu")));
  EXPECT_EQ(works, 2);
}

TEST(FromScratch, NamesTheSameWrongRootWithAGpu) {
  PassedProof proof = HonestProof();
  proof.roots[1][0] ^= 1;
  int works = 0;
  const auto again = DoAgainOnGpu({proof, HonestProof()}, {}, works);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(again->differences, ::testing::ElementsAre(HasSubstr("root 2 of 3 is ")));
  EXPECT_EQ(again->holds, (std::vector<bool>{false, true}));
  EXPECT_EQ(works, 2);
}

TEST(FromScratch, GoesOnWithTheCpuWhenTheGpuIsLost) {
  int works = 0;
  const auto again =
      DoAgainOnGpu({HonestProof(), HonestProof()},
                   {.kind = testing::GpuFaults::Kind::kOffTheBus, .after_rounds = 1}, works);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->holds, (std::vector<bool>{true, true}));
  EXPECT_THAT(again->engine, ::testing::AllOf(HasSubstr("cpu"), HasSubstr("GPU could not: ")));
  EXPECT_EQ(works, 1);
}

TEST(FromScratch, TheCommandFindsWorkThatWasNotDoneAndRepeatsItsChoice) {
  testing::EpochFixture epoch;
  TemporaryDirectory directory(TemporaryDirectory::Place::kMemory);
  epoch.WriteLog(directory.File("log"));
  epoch.WriteReport(directory.File("report"));
  VerifyArguments arguments;
  arguments.log_path = directory.File("log");
  arguments.report_path = directory.File("report");
  arguments.from_scratch = 3;
  std::ostringstream first, again, errors;
  EXPECT_EQ(RunVerify(arguments, first, errors), 0) << first.str() << errors.str();
  EXPECT_THAT(first.str(), HasSubstr("all 2 roots are right"));
  const std::size_t at = first.str().find("--seed ");
  ASSERT_NE(at, std::string::npos);
  arguments.seed = first.str().substr(at + 7, 64);
  EXPECT_EQ(RunVerify(arguments, again, errors), 0);
  EXPECT_EQ(again.str(), first.str());
  arguments.seed = "00";
  EXPECT_EQ(RunVerify(arguments, again, errors), 2);
  EXPECT_THAT(errors.str(), HasSubstr("--seed: "));
}

}  // namespace
}  // namespace kaisar::audit
