#include "chain/transaction.h"

#include <utility>
#include <vector>

#include "base/keccak256.h"
#include "chain/rlp.h"

namespace kaisar::chain {
namespace {

constexpr std::uint8_t kType = 0x02;             // EIP-1559
constexpr std::uint8_t kRecoveryOffset = 27;     // of a signature's v; transactions have the parity
constexpr std::size_t kR = 0, kS = 32, kV = 64;  // places in a Signature

std::vector<Bytes> Fields(const Transaction& transaction) {
  return {RlpInteger(transaction.chain_id),
          RlpInteger(transaction.nonce),
          RlpInteger(transaction.fees.priority_fee),
          RlpInteger(transaction.fees.max_fee),
          RlpInteger(transaction.gas_limit),
          RlpString(transaction.to),
          RlpInteger(transaction.value),
          RlpString(transaction.input),
          RlpList({})};
}

Bytes Envelope(const std::vector<Bytes>& fields) {
  Bytes bytes = {kType};
  Append(bytes, RlpList(fields));
  return bytes;
}

Uint256 WordOf(const Signature& signature, std::size_t place) {
  Digest word{};
  for (std::size_t i = 0; i < word.size(); ++i) word[i] = signature[place + i];
  return Uint256::FromWord(word);
}

}  // namespace

SignedTransaction SignTransaction(const Transaction& transaction, const SigningKey& key) {
  std::vector<Bytes> fields = Fields(transaction);
  const Signature signature = key.Sign(Keccak256(Envelope(fields)));
  fields.push_back(RlpInteger(static_cast<std::uint64_t>(signature[kV] - kRecoveryOffset)));
  fields.push_back(RlpInteger(WordOf(signature, kR)));
  fields.push_back(RlpInteger(WordOf(signature, kS)));
  SignedTransaction result;
  result.raw = Envelope(fields);
  result.hash = Keccak256(result.raw);
  return result;
}

}  // namespace kaisar::chain
