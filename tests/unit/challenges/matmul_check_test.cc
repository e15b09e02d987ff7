#include "challenges/matmul/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/sha256.h"
#include "challenges/matmul/prover.h"
#include "kernels/host_engine.h"
#include "tests/unit/challenges/sample_network.h"

namespace kaisar::challenges {
namespace {

using ::testing::HasSubstr;

bool Never() {
  return false;
}

// An honest proof of one shape with samples drawn as the protocol says.
struct HonestProof {
  explicit HonestProof(const MatmulShape& shape, std::uint8_t seed = 5, std::uint32_t count = 24) {
    const auto engine = kernels::MakeCpuEngine(1);
    proof = MatmulProof::Compute(Filled(seed), shape, *engine, Never).value();
    claim.seed = Filled(seed);
    claim.shape = shape;
    claim.roots = proof->roots();
    claim.samples = DrawSamples(SampleKey(), Filled(seed), proof->commitment(), shape, count);
    opening = proof->Open(claim.samples).value();
  }

  // Index of the first sample of round 0, or of a later round.
  int FirstOf(bool round_zero) const {
    for (std::size_t i = 0; i < claim.samples.size(); ++i) {
      if ((claim.samples[i].j == 0) == round_zero) return static_cast<int>(i);
    }
    return -1;
  }

  std::unique_ptr<MatmulProof> proof;
  MatmulClaim claim;
  v1::MatmulOpeningBody opening;
};

// One for all tests; 2048 has two segments a row.
const HonestProof& Honest() {
  static const HonestProof* const honest = new HonestProof({2048, 2});
  return *honest;
}

void ExpectRejected(const MatmulClaim& claim, const v1::MatmulOpeningBody& opening,
                    const std::string& because) {
  const absl::Status status = CheckOpening(claim, opening);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << because;
  EXPECT_THAT(std::string(status.message()), HasSubstr(because));
}

using Field = std::string* (v1::SampleOpening::*)();
constexpr Field kRow = &v1::SampleOpening::mutable_row;
constexpr Field kRowPath = &v1::SampleOpening::mutable_row_path;
constexpr Field kSegment = &v1::SampleOpening::mutable_segment;
constexpr Field kSegmentPath = &v1::SampleOpening::mutable_segment_path;

TEST(CheckOpening, AcceptsHonestProofsOfEveryShape) {
  EXPECT_EQ(CheckOpening(Honest().claim, Honest().opening), absl::OkStatus());
  for (const MatmulShape& shape : {MatmulShape{256, 1}, {256, 5}, {512, 2}, {1024, 3}}) {
    const HonestProof honest(shape);
    EXPECT_EQ(CheckOpening(honest.claim, honest.opening), absl::OkStatus()) << shape.n;
  }
}

TEST(CheckOpening, AcceptsTheSameSampleTwice) {
  HonestProof honest({256, 2});
  honest.claim.samples = {{1, 3, 4}, {1, 3, 4}, {0, 3, 4}};
  EXPECT_EQ(CheckOpening(honest.claim, honest.proof->Open(honest.claim.samples).value()),
            absl::OkStatus());
}

TEST(CheckOpening, RejectsAChangeOfAnyByteOfAnyField) {
  const int i = Honest().FirstOf(false);
  for (const auto& [field, because] :
       {std::pair(kRow, "row does not lead"), std::pair(kRowPath, "row does not lead"),
        std::pair(kSegment, "segment does not lead"),
        std::pair(kSegmentPath, "segment does not lead")}) {
    v1::MatmulOpeningBody opening = Honest().opening;
    std::string& bytes = *(opening.mutable_samples(i)->*field)();
    for (std::size_t at = 0; at < bytes.size(); at += 61) {
      bytes[at] = static_cast<char>(bytes[at] ^ 1);
      ExpectRejected(Honest().claim, opening, because);
      bytes[at] = static_cast<char>(bytes[at] ^ 1);
    }
    bytes.back() = static_cast<char>(bytes.back() ^ 0x80);
    ExpectRejected(Honest().claim, opening, because);
  }
}

TEST(CheckOpening, NamesTheFirstWrongSample) {
  v1::MatmulOpeningBody opening = Honest().opening;
  opening.mutable_samples(20)->mutable_segment()->clear();
  opening.mutable_samples(7)->mutable_segment()->push_back('x');
  const MatmulSample& sample = Honest().claim.samples[7];
  ExpectRejected(Honest().claim, opening,
                 "sample 7 (j = " + std::to_string(sample.j) + ", r = " + std::to_string(sample.r) +
                     ", c = " + std::to_string(sample.c) +
                     "): segment is 1025 bytes, expected 1024");
}

TEST(CheckOpening, RejectsWrongSizesOfAnyField) {
  const int i = Honest().FirstOf(false);
  for (const auto& [field, name] :
       {std::pair(kRow, "row is "), std::pair(kRowPath, "row path is "),
        std::pair(kSegment, "segment is "), std::pair(kSegmentPath, "segment path is ")}) {
    const std::string whole =
        *(v1::MatmulOpeningBody(Honest().opening).mutable_samples(i)->*field)();
    for (const std::string& wrong :
         {std::string(), whole.substr(1), whole.substr(0, whole.size() - 32), whole + "x",
          whole + std::string(32, '\0'), whole + whole, std::string(1 << 20, 'x')}) {
      v1::MatmulOpeningBody opening = Honest().opening;
      *(opening.mutable_samples(i)->*field)() = wrong;
      ExpectRejected(Honest().claim, opening, name + std::to_string(wrong.size()) + " bytes");
    }
  }
}

TEST(CheckOpening, RejectsARowOrAPathForRoundZero) {
  const int zero = Honest().FirstOf(true);
  const v1::SampleOpening& other = Honest().opening.samples(Honest().FirstOf(false));
  v1::MatmulOpeningBody opening = Honest().opening;
  opening.mutable_samples(zero)->set_row(other.row());
  ExpectRejected(Honest().claim, opening, "row is 2048 bytes, expected 0");
  opening = Honest().opening;
  opening.mutable_samples(zero)->set_row_path(other.row_path());
  ExpectRejected(Honest().claim, opening, "row path is 352 bytes, expected 0");
}

TEST(CheckOpening, RejectsSwappedRepeatedFewerMoreAndNoOpenings) {
  const int i = Honest().FirstOf(false);
  int k = i + 1;
  while (Honest().claim.samples[static_cast<std::size_t>(k)].j == 0) ++k;
  v1::MatmulOpeningBody opening = Honest().opening;
  opening.mutable_samples()->SwapElements(i, k);
  ExpectRejected(Honest().claim, opening, "row does not lead to the root");

  opening = Honest().opening;
  *opening.mutable_samples(k) = opening.samples(i);
  ExpectRejected(Honest().claim, opening, "row does not lead to the root");

  opening = Honest().opening;
  opening.mutable_samples()->RemoveLast();
  ExpectRejected(Honest().claim, opening, "opening has 23 samples, asked for 24");

  opening = Honest().opening;
  *opening.add_samples() = opening.samples(0);
  ExpectRejected(Honest().claim, opening, "opening has 25 samples, asked for 24");

  ExpectRejected(Honest().claim, v1::MatmulOpeningBody(), "opening has 0 samples");
}

// Opens `instead` where `asked` was asked for.
void ExpectOtherSampleRejected(const MatmulSample& asked, const MatmulSample& instead,
                               const std::string& because) {
  MatmulClaim claim = Honest().claim;
  claim.samples = {asked};
  ExpectRejected(claim, Honest().proof->Open({instead}).value(), because);
}

TEST(CheckOpening, RejectsARowOfAnotherPlaceAndASegmentOfAnotherLeaf) {
  ExpectOtherSampleRejected({1, 10, 20}, {1, 10, 21}, "row does not lead");
  ExpectOtherSampleRejected({1, 10, 20}, {1, 10, 1044}, "row does not lead");
  ExpectOtherSampleRejected({1, 10, 20}, {1, 11, 20}, "segment does not lead");
  ExpectOtherSampleRejected({0, 10, 20}, {0, 10, 1044}, "segment does not lead");
  ExpectOtherSampleRejected({0, 10, 20}, {0, 11, 20}, "segment does not lead");
}

TEST(CheckOpening, RejectsARowAndASegmentOfAnotherRound) {
  const HonestProof honest({256, 4});
  MatmulClaim claim = honest.claim;
  claim.samples = {{2, 10, 20}};
  ExpectRejected(claim, honest.proof->Open({{1, 10, 20}}).value(), "row does not lead");
  v1::MatmulOpeningBody opening = honest.proof->Open(claim.samples).value();
  opening.mutable_samples(0)->set_segment(
      honest.proof->Open({{1, 10, 20}}).value().samples(0).segment());
  ExpectRejected(claim, opening, "segment does not lead");
}

TEST(CheckOpening, RejectsZerosAndNoise) {
  std::mt19937_64 random(1);
  for (const bool zeros : {true, false}) {
    v1::MatmulOpeningBody opening = Honest().opening;
    for (v1::SampleOpening& sample : *opening.mutable_samples()) {
      for (const Field field : {kRow, kRowPath, kSegment, kSegmentPath}) {
        for (char& byte : *(sample.*field)()) byte = zeros ? '\0' : static_cast<char>(random());
      }
    }
    ExpectRejected(Honest().claim, opening, "does not lead to the root");
  }
}

TEST(CheckOpening, RejectsAnHonestOpeningOfAnotherChallenge) {
  const HonestProof mine({256, 3}, 1);
  const HonestProof other({256, 3}, 2);
  ExpectRejected(mine.claim, other.proof->Open(mine.claim.samples).value(),
                 "does not lead to the root");
  // Committed to as one's own: consistent in itself, but of another seed.
  MatmulClaim claim = mine.claim;
  claim.roots = other.claim.roots;
  ExpectRejected(claim, other.proof->Open(claim.samples).value(), "element is ");
}

// Does the work and then spoils a share of the elements, as one does who guesses them.
class SkippingEngine : public kernels::HostEngine {
 public:
  explicit SkippingEngine(std::uint32_t skipped_per_mille) : skipped_(skipped_per_mille) {}
  absl::Status Begin(const Digest& seed, std::uint32_t n) override {
    return inner_->Begin(seed, n);
  }
  absl::Status Round(absl::Span<const std::int8_t> state, absl::Span<std::int8_t> next,
                     const std::function<bool()>& cancelled) override {
    const absl::Status status = inner_->Round(state, next, cancelled);
    for (std::int8_t& element : next) {
      if (random_() % 1000 < skipped_) element = static_cast<std::int8_t>(random_());
    }
    return status;
  }
  std::string Description() const override { return "skipping"; }

 private:
  std::unique_ptr<kernels::HostEngine> inner_ = kernels::MakeCpuEngine(1);
  std::uint32_t skipped_;
  std::mt19937 random_{99};
};

// Of `draws` draws of 64 samples, how many miss what was skipped.
int Passes(std::uint32_t skipped_per_mille, int draws) {
  const MatmulShape shape = {256, 4};
  SkippingEngine engine(skipped_per_mille);
  const auto proof = MatmulProof::Compute(Filled(8), shape, engine, Never).value();
  int passes = 0;
  for (int i = 0; i < draws; ++i) {
    const Digest challenge_id = Sha256(ViewOf(std::to_string(i)));
    const MatmulClaim claim = {
        Filled(8), shape, proof->roots(),
        DrawSamples(SampleKey(), challenge_id, proof->commitment(), shape, 64)};
    if (CheckOpening(claim, proof->Open(claim.samples).value()).ok()) ++passes;
  }
  return passes;
}

TEST(CheckOpening, CatchesWhoSkipsAShareAsOftenAsTheProtocolSays) {
  EXPECT_EQ(Passes(0, 50), 50);
  // (1 - 0.1 · 255/256)^64 = 0.12 %: 0.5 of 400 on average. The draws are fixed.
  EXPECT_LE(Passes(100, 400), 3);
  // (1 - 0.05 · 255/256)^64 = 3.8 %: 15 of 400 on average, standard deviation 3.8.
  const int passes = Passes(50, 400);
  EXPECT_GE(passes, 15 - 12);
  EXPECT_LE(passes, 15 + 12);
}

v1::MatmulCommitment CommitmentOf(const HonestProof& honest) {
  v1::MatmulCommitment commitment;
  for (const Digest& root : honest.claim.roots) commitment.mutable_roots()->append(ToString(root));
  commitment.set_commitment(ToString(honest.proof->commitment()));
  return commitment;
}

TEST(CheckCommitment, GivesTheRootsWhenTheirHashIsTheCommitment) {
  const HonestProof honest({256, 3});
  const auto roots = CheckCommitment({256, 3}, CommitmentOf(honest));
  ASSERT_TRUE(roots.ok()) << roots.status();
  EXPECT_EQ(*roots, honest.claim.roots);
}

TEST(CheckCommitment, RejectsWrongSizesAndAnotherHash) {
  const HonestProof honest({256, 3});
  v1::MatmulCommitment wrong = CommitmentOf(honest);
  wrong.mutable_roots()->push_back('x');
  absl::Status status = CheckCommitment({256, 3}, wrong).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "roots are 97 bytes, expected 96");
  EXPECT_EQ(CheckCommitment({256, 4}, CommitmentOf(honest)).status().code(),
            absl::StatusCode::kInvalidArgument);

  wrong = CommitmentOf(honest);
  wrong.mutable_commitment()->pop_back();
  status = CheckCommitment({256, 3}, wrong).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "commitment is 31 bytes, expected 32");

  wrong = CommitmentOf(honest);
  (*wrong.mutable_roots())[5] ^= 1;
  status = CheckCommitment({256, 3}, wrong).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "commitment is not the hash of the roots");
}

}  // namespace
}  // namespace kaisar::challenges
