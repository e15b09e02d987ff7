#include "audit/merkle_log.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/hex.h"
#include "base/sha256.h"

namespace kaisar::audit {
namespace {

// Inputs and roots of Certificate Transparency's reference tests (merkle_tree_test.cc of
// google/certificate-transparency; transparency-dev/merkle, testonly).
const char* const kInputs[] = {"",
                               "00",
                               "10",
                               "2021",
                               "3031",
                               "40414243",
                               "5051525354555657",
                               "606162636465666768696a6b6c6d6e6f"};
const char* const kRoots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                              "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                              "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                              "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                              "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                              "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                              "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                              "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                              "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

TEST(MerkleLog, GivesThePublishedRootsOfCertificateTransparency) {
  MerkleLog tree;
  EXPECT_EQ(ToHex(tree.Root()), kRoots[0]);
  for (std::size_t i = 0; i < 8; ++i) {
    tree.Append(*ParseHex(kInputs[i]));
    EXPECT_EQ(tree.size(), i + 1);
    EXPECT_EQ(ToHex(tree.Root()), kRoots[i + 1]) << "size " << i + 1;
  }
}

// RFC 6962, section 2.1, as it is written: k is the largest power of two below n.
Digest RecursiveRoot(const std::vector<std::string>& records, std::size_t begin, std::size_t end) {
  if (end - begin == 1) return Sha256(ViewOf(std::string(1, '\x00') + records[begin]));
  std::size_t k = 1;
  while (2 * k < end - begin) k *= 2;
  const Digest left = RecursiveRoot(records, begin, begin + k);
  const Digest right = RecursiveRoot(records, begin + k, end);
  return Sha256(ViewOf(std::string(1, '\x01') + ToString(left) + ToString(right)));
}

TEST(MerkleLog, EqualsTheRecursiveDefinitionAtEverySize) {
  MerkleLog tree;
  std::vector<std::string> records;
  for (std::size_t size = 1; size <= 130; ++size) {
    records.push_back("record " + std::to_string(size));
    tree.Append(ViewOf(records.back()));
    ASSERT_EQ(tree.Root(), RecursiveRoot(records, 0, size)) << size;
  }
}

TEST(MerkleLog, TakesLeafHashesInPlaceOfRecords) {
  MerkleLog by_record, by_leaf;
  for (std::uint8_t i = 0; i < 5; ++i) {
    const Bytes record{i};
    by_record.Append(record);
    by_leaf.AppendLeaf(MerkleLog::LeafHash(record));
  }
  EXPECT_EQ(by_record.Root(), by_leaf.Root());
}

}  // namespace
}  // namespace kaisar::audit
