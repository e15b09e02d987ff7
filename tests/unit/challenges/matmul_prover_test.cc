#include "challenges/matmul/prover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "kernels/host_engine.h"
#include "tests/unit/challenges/sample_network.h"

namespace kaisar::challenges {
namespace {

using ::testing::ElementsAre;

bool Never() {
  return false;
}

std::vector<std::string> RootsInHex(const MatmulProof& proof) {
  std::vector<std::string> roots;
  for (const Digest& root : proof.roots()) roots.push_back(ToHex(root));
  return roots;
}

class ProverOnEngine : public ::testing::TestWithParam<int> {
 protected:
  // 0: the plain engine; otherwise the CPU's with so many threads.
  std::unique_ptr<kernels::HostEngine> engine_ =
      GetParam() == 0 ? kernels::MakePlainEngine() : kernels::MakeCpuEngine(GetParam());
};

TEST_P(ProverOnEngine, GivesTheReferenceValuesOfTheProtocolForThreeRoundsOf256) {
  const auto proof = MatmulProof::Compute(Filled(0), {256, 3}, *engine_, Never);
  ASSERT_TRUE(proof.ok()) << proof.status();
  EXPECT_THAT(RootsInHex(**proof),
              ElementsAre("b4f604683a212b1cfec18755eaf58a9c1130fd07a6036bb5aff99abf0558d424",
                          "c3ac515c59d2dce8773b8eea97875904792cab23934fff8537ea5f3a347cd509",
                          "d93d2e428f095d5045abbef040cb9f37f5f52984d267ce7020eaa4aae194744b"));
  EXPECT_EQ(ToHex((*proof)->commitment()),
            "5b573b177651e5883de6fdab048c1c34d8a706c72e3ccb7e39af8874aafc97d5");
}

INSTANTIATE_TEST_SUITE_P(Engines, ProverOnEngine, ::testing::Values(0, 1, 2),
                         [](const auto& engine) {
                           return engine.param == 0 ? std::string("Plain")
                                                    : "Cpu" + std::to_string(engine.param);
                         });

// On the CPU engine alone: the plain one takes seconds, and kernels/ compares the two.
TEST(Prover, GivesTheReferenceValuesOfTheProtocolForTwoRoundsOf1024) {
  const auto engine = kernels::MakeCpuEngine(2);
  const auto proof = MatmulProof::Compute(Filled(0xab), {1024, 2}, *engine, Never);
  ASSERT_TRUE(proof.ok()) << proof.status();
  EXPECT_THAT(RootsInHex(**proof),
              ElementsAre("f1cb2183b511fdcced567100648c2ed76b5b8cc42c564e4cbd21e5e0cb85b808",
                          "e2ca69b01689951e115c12775fba8575816c60f8bb3113e5f1bbf5e5c414390c"));
  EXPECT_EQ(ToHex((*proof)->commitment()),
            "896815705bff835c4cc54472efc5d7ee0e4d8cd01127f83508c3e31311aef0b2");
}

TEST(Prover, StopsInTheMiddleWhenItIsCancelled) {
  const auto engine = kernels::MakeCpuEngine(1);
  int all = 0;
  ASSERT_TRUE(MatmulProof::Compute(Filled(1), {512, 4}, *engine, [&all] {
                ++all;
                return false;
              }).ok());
  ASSERT_GT(all, 8);
  for (const int last : {1, all / 4, all / 2, all}) {
    int asked = 0;
    const auto proof =
        MatmulProof::Compute(Filled(1), {512, 4}, *engine, [&] { return ++asked >= last; });
    EXPECT_EQ(proof.status().code(), absl::StatusCode::kCancelled) << last;
    EXPECT_LE(asked, last + 3);
  }
}

TEST(Prover, PassesOnThatTheEngineHasNoMemory) {
  class FullEngine : public kernels::HostEngine {
   public:
    absl::Status Begin(const Digest&, std::uint32_t) override {
      return absl::ResourceExhaustedError("no memory for the input matrices");
    }
    absl::Status Round(absl::Span<const std::int8_t>, absl::Span<std::int8_t>,
                       const std::function<bool()>&) override {
      return absl::InternalError("round without inputs");
    }
    std::string Description() const override { return "full"; }
  };
  FullEngine engine;
  const auto proof = MatmulProof::Compute(Filled(1), {256, 1}, engine, Never);
  EXPECT_EQ(proof.status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(Prover, OpensRowsSegmentsAndPathsOfTheSizesOfTheProtocol) {
  const auto engine = kernels::MakeCpuEngine(1);
  const auto small = MatmulProof::Compute(Filled(1), {256, 2}, *engine, Never);
  ASSERT_TRUE(small.ok());
  v1::MatmulOpeningBody body = (*small)->Open({{0, 255, 255}, {1, 0, 0}}).value();
  ASSERT_EQ(body.samples_size(), 2);
  EXPECT_EQ(body.samples(0).row(), "");
  EXPECT_EQ(body.samples(0).row_path(), "");
  EXPECT_EQ(body.samples(0).segment().size(), 256u);
  EXPECT_EQ(body.samples(0).segment_path().size(), 8u * 32);
  EXPECT_EQ(body.samples(1).row().size(), 256u);
  EXPECT_EQ(body.samples(1).row_path().size(), 8u * 32);

  const auto large = MatmulProof::Compute(Filled(1), {2048, 2}, *engine, Never);
  ASSERT_TRUE(large.ok());
  body = (*large)->Open({{1, 2047, 2047}}).value();
  ASSERT_EQ(body.samples_size(), 1);
  EXPECT_EQ(body.samples(0).row().size(), 2048u);
  EXPECT_EQ(body.samples(0).row_path().size(), 11u * 32);
  EXPECT_EQ(body.samples(0).segment().size(), 1024u);
  EXPECT_EQ(body.samples(0).segment_path().size(), 12u * 32);
}

}  // namespace
}  // namespace kaisar::challenges
