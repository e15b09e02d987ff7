#include "chain/committee.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "base/hex.h"

namespace kaisar::chain {
namespace {

TEST(Committee, IsEmptyWithoutSlots) {
  EXPECT_TRUE(Committee(Digest{}, 1, 0).empty());
}

TEST(Committee, HasEverySlotWhenThereAreFewerThanSeven) {
  const auto members = Committee(Digest{1}, 5, 3);
  EXPECT_EQ(std::set<std::uint32_t>(members.begin(), members.end()),
            (std::set<std::uint32_t>{0, 1, 2}));
}

TEST(Committee, HasSevenDistinctSlotsOfMany) {
  const auto members = Committee(Digest{1}, 5, 1000);
  EXPECT_EQ(members.size(), 7u);
  EXPECT_EQ(std::set<std::uint32_t>(members.begin(), members.end()).size(), 7u);
}

/// tests/vectors/chain/make_committee.mjs, by ethers.
TEST(Committee, IsTheOneThatEthersComputes) {
  std::ifstream file(std::string(std::getenv("KAISAR_SOURCE_DIR")) +
                     "/tests/vectors/chain/committee.json");
  const auto vectors = nlohmann::json::parse(file);
  ASSERT_FALSE(vectors.at("committees").empty());
  for (const auto& entry : vectors.at("committees")) {
    const auto beacon = ParseHexArray<32>(entry.at("beacon").get<std::string>());
    ASSERT_TRUE(beacon.ok());
    EXPECT_EQ(Committee(*beacon, entry.at("device"), entry.at("slots")),
              entry.at("members").get<std::vector<std::uint32_t>>())
        << entry;
  }
}

}  // namespace
}  // namespace kaisar::chain
