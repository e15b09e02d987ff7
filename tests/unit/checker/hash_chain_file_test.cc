#include "checker/hash_chain_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"

namespace kaisar::checker {
namespace {

using ::testing::HasSubstr;

struct Fixture {
  Digest root{};
  HashChain chain;
  std::string json;
};

Fixture MakeFixture() {
  Digest root{};
  root[0] = 42;
  HashChain chain = HashChain::Make(root, 300, 11).value();
  std::string json =
      SerializeHashChain(root, chain, "password", KeystoreStrength::kLight, OsEntropy()).value();
  return {root, std::move(chain), std::move(json)};
}

TEST(HashChainFile, GivesTheSameSecretsBack) {
  const Fixture fixture = MakeFixture();
  const auto chain = DecryptHashChain(fixture.json, "password");
  ASSERT_TRUE(chain.ok()) << chain.status();
  EXPECT_EQ(chain->anchor(), fixture.chain.anchor());
  EXPECT_EQ(chain->Secret(11).value(), fixture.chain.Secret(11).value());
  EXPECT_EQ(chain->Secret(310).value(), fixture.root);
  EXPECT_FALSE(chain->Secret(311).ok());
}

TEST(HashChainFile, TellsLengthEpochAndAnchorWithoutThePassword) {
  const Fixture fixture = MakeFixture();
  const auto summary = ParseHashChainSummary(fixture.json);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->length, 300u);
  EXPECT_EQ(summary->first_epoch, 11u);
  EXPECT_EQ(summary->anchor, fixture.chain.anchor());
}

TEST(HashChainFile, RefusesAWrongPassword) {
  EXPECT_EQ(DecryptHashChain(MakeFixture().json, "Password").status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(HashChainFile, NoticesAChangedLength) {
  const std::string json =
      absl::StrReplaceAll(MakeFixture().json, {{"\"length\": 300", "\"length\": 301"}});
  EXPECT_EQ(DecryptHashChain(json, "password").status().code(), absl::StatusCode::kDataLoss);
}

TEST(HashChainFile, NamesTheFieldThatIsWrong) {
  const std::string json = MakeFixture().json;
  const struct {
    const char* from;
    const char* to;
    const char* field;
  } cases[] = {{"\"length\": 300", "\"length\": 0", "length"},
               {"\"length\": 300", "\"length\": 1048577", "length"},
               {"\"length\": 300", "\"length\": \"300\"", "length"},
               {"\"first_epoch\": 11", "\"first_epoch\": -1", "first_epoch"},
               {"\"first_epoch\": 11", "\"first_epoch\": 4294967296", "first_epoch"},
               {"\"version\": 1", "\"version\": 2", "version"},
               {"\"anchor\": \"", "\"anchor\": \"zz", "anchor"},
               {"\"root\": {", "\"loot\": {", "root"}};
  for (const auto& c : cases) {
    const std::string changed = absl::StrReplaceAll(json, {{c.from, c.to}});
    ASSERT_NE(changed, json) << c.from;
    const auto chain = DecryptHashChain(changed, "password");
    EXPECT_EQ(chain.status().code(), absl::StatusCode::kInvalidArgument) << c.to;
    EXPECT_THAT(std::string(chain.status().message()), HasSubstr(c.field));
  }
  for (const char* text : {"", "{", "[]", "null", "7"}) {
    EXPECT_FALSE(DecryptHashChain(text, "password").ok()) << text;
  }
}

}  // namespace
}  // namespace kaisar::checker
