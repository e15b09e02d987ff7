#include "audit/inclusion_proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "audit/merkle_log.h"
#include "base/hex.h"

namespace kaisar::audit {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

Digest Leaf(std::uint64_t number) {
  return MerkleLog::LeafHash(ViewOf("record " + std::to_string(number)));
}

InclusionProof ProofOf(std::uint64_t index, std::uint64_t size) {
  InclusionProver prover(index);
  for (std::uint64_t i = 0; i < size; ++i) prover.AppendLeaf(Leaf(i));
  const absl::StatusOr<InclusionProof> proof = prover.Finish();
  EXPECT_TRUE(proof.ok()) << proof.status();
  return proof.ok() ? *proof : InclusionProof();
}

Digest RootOfSize(std::uint64_t size) {
  MerkleLog tree;
  for (std::uint64_t i = 0; i < size; ++i) tree.AppendLeaf(Leaf(i));
  return tree.Root();
}

// Inputs and paths of Certificate Transparency's reference tests (transparency-dev/merkle, proof
// and testonly), over the records of merkle_log_test.cc.
const char* const kInputs[] = {"",
                               "00",
                               "10",
                               "2021",
                               "3031",
                               "40414243",
                               "5051525354555657",
                               "606162636465666768696a6b6c6d6e6f"};
struct Published {
  std::uint64_t index = 0;
  std::uint64_t size = 0;
  std::vector<std::string> path;
};
const Published kPublished[] = {
    {0, 1, {}},
    {0,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {5,
     8,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
    {1,
     5,
     {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
};

TEST(InclusionProver, GivesThePublishedPathsOfCertificateTransparency) {
  for (const Published& published : kPublished) {
    InclusionProver prover(published.index);
    for (std::uint64_t i = 0; i < published.size; ++i) {
      prover.AppendLeaf(MerkleLog::LeafHash(*ParseHex(kInputs[i])));
    }
    const absl::StatusOr<InclusionProof> proof = prover.Finish();
    ASSERT_TRUE(proof.ok()) << proof.status();
    std::vector<std::string> path;
    for (const Digest& hash : proof->path) path.push_back(ToHex(hash));
    EXPECT_THAT(path, ElementsAreArray(published.path)) << published.index;
  }
}

TEST(InclusionProver, LeadsEveryLeafOfEverySizeToTheRoot) {
  for (std::uint64_t size = 1; size <= 70; ++size) {
    const Digest root = RootOfSize(size);
    for (std::uint64_t index = 0; index < size; ++index) {
      const absl::StatusOr<Digest> found = RootOfInclusion(Leaf(index), ProofOf(index, size));
      ASSERT_TRUE(found.ok()) << found.status();
      ASSERT_EQ(*found, root) << index << " of " << size;
    }
  }
}

TEST(InclusionProver, HasNoProofOfALeafThatIsNotThere) {
  InclusionProver prover(3);
  for (std::uint64_t i = 0; i < 3; ++i) prover.AppendLeaf(Leaf(i));
  const absl::StatusOr<InclusionProof> proof = prover.Finish();
  EXPECT_TRUE(absl::IsOutOfRange(proof.status())) << proof.status();
  EXPECT_THAT(proof.status().message(), HasSubstr("index is 3, expected less than the size, 3"));
}

TEST(RootOfInclusion, NamesAnIndexBeyondTheTree) {
  InclusionProof proof = ProofOf(4, 11);
  proof.index = 11;
  const absl::Status status = RootOfInclusion(Leaf(4), proof).status();
  EXPECT_TRUE(absl::IsOutOfRange(status));
  EXPECT_THAT(status.message(), HasSubstr("index is 11, expected less than the size, 11"));
  proof.size = 0;
  EXPECT_TRUE(absl::IsOutOfRange(RootOfInclusion(Leaf(4), proof).status()));
}

TEST(RootOfInclusion, NamesAPathThatIsTooShortOrTooLong) {
  InclusionProof proof = ProofOf(4, 11);
  proof.path.push_back(Leaf(0));
  absl::Status status = RootOfInclusion(Leaf(4), proof).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(status.message(),
              HasSubstr("path is too long: has 5 hashes, expected 4 from leaf 4 of 11"));
  proof.path.resize(3);
  status = RootOfInclusion(Leaf(4), proof).status();
  EXPECT_THAT(status.message(), HasSubstr("path is too short: has 3 hashes, expected 4"));
}

TEST(RootOfInclusion, LeadsElsewhereFromAnotherLeafPlaceOrPath) {
  constexpr std::uint64_t kSize = 13;
  const Digest root = RootOfSize(kSize);
  for (std::uint64_t index = 0; index < kSize; ++index) {
    const InclusionProof proof = ProofOf(index, kSize);
    EXPECT_NE(*RootOfInclusion(Leaf(index + 1), proof), root);
    for (std::uint64_t other = 0; other < kSize; ++other) {
      InclusionProof moved = proof;
      moved.index = other;
      const absl::StatusOr<Digest> found = RootOfInclusion(Leaf(index), moved);
      EXPECT_EQ(found.ok() && *found == root, other == index) << index << " as " << other;
    }
    for (std::size_t i = 0; i < proof.path.size(); ++i) {
      InclusionProof changed = proof;
      changed.path[i][31] ^= 1;
      EXPECT_NE(*RootOfInclusion(Leaf(index), changed), root);
    }
  }
}

// Why check-proof says that it proves no place: the report does not hold the size.
TEST(RootOfInclusion, CannotTellSizesWhoseTreesTurnAlike) {
  InclusionProof proof = ProofOf(4, 5);
  proof.index = 1;
  proof.size = 2;
  EXPECT_EQ(*RootOfInclusion(Leaf(4), proof), RootOfSize(5));
}

TEST(RootOfInclusion, TakesTheLargestTree) {
  InclusionProof proof;
  proof.index = ~std::uint64_t{0} - 1;
  proof.size = ~std::uint64_t{0};
  const absl::Status status = RootOfInclusion(Leaf(0), proof).status();
  EXPECT_THAT(status.message(), HasSubstr("path is too short: has 0 hashes"));
}

}  // namespace
}  // namespace kaisar::audit
