#include "chain/transaction.h"

#include <gtest/gtest.h>

#include "tests/unit/chain/vectors.h"

namespace kaisar::chain {
namespace {

std::uint64_t NumberOf(const nlohmann::json& decimal) {
  return Uint256::FromDecimal(decimal.get<std::string>())->ToUint64();
}

Uint256 WeiOf(const nlohmann::json& decimal) {
  return Uint256::FromDecimal(decimal.get<std::string>()).value();
}

TEST(SignTransaction, GivesTheBytesAndTheHashThatEthersGives) {
  const auto vectors = VectorsOf("encoding");
  const SigningKey key = SigningKey::Parse(FixedOf<32>(vectors.at("key"))).value();
  ASSERT_GT(vectors.at("transactions").size(), 20u);
  for (const auto& entry : vectors.at("transactions")) {
    Transaction transaction;
    transaction.chain_id = entry.at("chain_id").get<std::uint64_t>();
    transaction.nonce = entry.at("nonce").get<std::uint64_t>();
    transaction.fees = {WeiOf(entry.at("max_fee")), WeiOf(entry.at("priority_fee"))};
    transaction.gas_limit = NumberOf(entry.at("gas_limit"));
    transaction.to = FixedOf<20>(entry.at("to"));
    transaction.value = WeiOf(entry.at("value"));
    transaction.input = BytesOf(entry.at("input"));
    const SignedTransaction signed_transaction = SignTransaction(transaction, key);
    EXPECT_EQ(ToHex(signed_transaction.raw), ToHex(BytesOf(entry.at("raw"))));
    EXPECT_EQ(signed_transaction.hash, FixedOf<32>(entry.at("hash")));
  }
}

}  // namespace
}  // namespace kaisar::chain
