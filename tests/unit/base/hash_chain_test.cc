#include "base/keys/hash_chain.h"

#include <gtest/gtest.h>

#include "base/keccak256.h"

namespace kaisar {
namespace {

TEST(HashChain, RevealsThePreimagesBackwardsFromTheAnchor) {
  // By hand: x_0 = root, x_i = keccak256(x_{i-1}).
  std::vector<Digest> x = {Digest{42}};
  for (int i = 0; i < 600; ++i) x.push_back(Keccak256(x.back()));
  const HashChain chain = HashChain::Make(Digest{42}, 600, 10).value();
  EXPECT_EQ(chain.anchor(), x[600]);
  for (std::uint32_t epoch = 10; epoch < 610; ++epoch) {
    EXPECT_EQ(chain.Secret(epoch).value(), x[600 - 1 - (epoch - 10)]) << epoch;
  }
}

TEST(HashChain, HasNoSecretOutsideOfItsEpochs) {
  const HashChain chain = HashChain::Make(Digest{1}, 3, 10).value();
  for (const std::uint32_t epoch : {0u, 9u, 13u, 4294967295u}) {
    const absl::Status status = chain.Secret(epoch).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(status.message(), "hash chain has no secret for epoch " + std::to_string(epoch) +
                                    ", it covers 10 to 12");
  }
  EXPECT_EQ(chain.Secret(12).value(), Digest{1});  // the root itself is the last one
}

TEST(HashChain, ServesNoTwoEpochsWithOneSecret) {
  const HashChain chain = HashChain::Make(Digest{1}, 300, 0).value();
  for (std::uint32_t epoch = 1; epoch < 300; ++epoch) {
    EXPECT_EQ(Keccak256(chain.Secret(epoch).value()), chain.Secret(epoch - 1).value());
  }
}

TEST(HashChain, HasALimitOnItsLengthAndFitsTheEpochNumbers) {
  EXPECT_EQ(HashChain::Make(Digest{1}, 0, 0).status().message(),
            "hash chain of length 0, expected 1 to 1048576");
  EXPECT_FALSE(HashChain::Make(Digest{1}, 1048577, 0).ok());
  EXPECT_TRUE(HashChain::Make(Digest{1}, 2, 4294967294).ok());
  EXPECT_FALSE(HashChain::Make(Digest{1}, 3, 4294967294).ok());
}

TEST(IsChainSecret, HoldsForTheEpochsOwnSecretAlone) {
  const HashChain chain = HashChain::Make(Digest{1}, 50, 100).value();
  for (std::uint32_t epoch = 100; epoch < 150; ++epoch) {
    const Digest secret = chain.Secret(epoch).value();
    EXPECT_TRUE(IsChainSecret(secret, epoch, chain.anchor(), 100));
    EXPECT_FALSE(IsChainSecret(secret, epoch + 1, chain.anchor(), 100));
    EXPECT_FALSE(IsChainSecret(secret, epoch - 1, chain.anchor(), 100));
    EXPECT_FALSE(IsChainSecret(secret, epoch, Digest{}, 100));
  }
  EXPECT_FALSE(IsChainSecret(chain.anchor(), 100, chain.anchor(), 100));
  EXPECT_FALSE(IsChainSecret(chain.anchor(), 99, chain.anchor(), 100));
  EXPECT_FALSE(IsChainSecret(Digest{}, 4294967295, chain.anchor(), 100));  // and at once
}

}  // namespace
}  // namespace kaisar
