#include "tests/support/fake_transaction.h"

#include <algorithm>
#include <vector>

#include "base/keccak256.h"
#include "base/signing_key.h"
#include "base/status_macros.h"
#include "chain/rlp.h"

namespace kaisar::testing {
namespace {

absl::Status NotOne(const char* what) {
  return absl::InvalidArgumentError(what);
}

struct RlpItem {
  ByteView whole;  // with its length
  ByteView payload;
};

/// The item at the beginning of `bytes`.
absl::StatusOr<RlpItem> FirstItem(ByteView bytes) {
  if (bytes.empty()) return NotOne("RLP ends too early");
  const std::uint8_t head = bytes[0];
  std::size_t header = 1, length = 0;
  if (head < 0x80) return RlpItem{bytes.first(1), bytes.first(1)};
  const std::uint8_t base = head < 0xc0 ? 0x80 : 0xc0;
  if (head - base <= 55) {
    length = static_cast<std::size_t>(head - base);
  } else {
    const auto digits = static_cast<std::size_t>(head - base - 55);
    if (digits > 4 || bytes.size() < 1 + digits) return NotOne("RLP length is wrong");
    for (std::size_t i = 1; i <= digits; ++i) length = length << 8 | bytes[i];
    header += digits;
  }
  if (bytes.size() < header + length) return NotOne("RLP ends too early");
  return RlpItem{bytes.first(header + length), bytes.subspan(header, length)};
}

Uint256 NumberOf(ByteView payload) {
  Digest word{};
  std::copy(payload.begin(), payload.end(), word.end() - static_cast<long>(payload.size()));
  return Uint256::FromWord(word);
}

}  // namespace

absl::StatusOr<FakeTransaction> DecodeTransaction(const chain::SignedTransaction& transaction) {
  const Bytes& raw = transaction.raw;
  if (raw.empty() || raw[0] != 2) return NotOne("not a transaction of type 2");
  if (Keccak256(raw) != transaction.hash) return NotOne("not the transaction's hash");
  ASSIGN_OR_RETURN(const RlpItem list, FirstItem(ByteView(raw).subspan(1)));
  std::vector<RlpItem> items;
  for (ByteView rest = list.payload; !rest.empty();
       rest = rest.subspan(items.back().whole.size())) {
    ASSIGN_OR_RETURN(const RlpItem item, FirstItem(rest));
    items.push_back(item);
  }
  if (items.size() != 12) return NotOne("not 12 items");
  for (const std::size_t number : {0u, 1u, 2u, 3u, 4u, 6u, 9u, 10u, 11u}) {
    if (items[number].payload.size() > 32) return NotOne("a number is too long");
  }
  FakeTransaction decoded;
  chain::Transaction& fields = decoded.fields;
  fields.chain_id = NumberOf(items[0].payload).ToUint64();
  fields.nonce = NumberOf(items[1].payload).ToUint64();
  fields.fees.priority_fee = NumberOf(items[2].payload);
  fields.fees.max_fee = NumberOf(items[3].payload);
  fields.gas_limit = NumberOf(items[4].payload).ToUint64();
  if (!CopyExactly(items[5].payload, fields.to)) return NotOne("not an address");
  fields.value = NumberOf(items[6].payload);
  fields.input.assign(items[7].payload.begin(), items[7].payload.end());
  std::vector<Bytes> unsigned_items;
  for (std::size_t i = 0; i < 9; ++i) {
    unsigned_items.emplace_back(items[i].whole.begin(), items[i].whole.end());
  }
  Bytes message{2};
  Append(message, chain::RlpList(unsigned_items));
  Bytes signature;
  Append(signature, NumberOf(items[10].payload).ToWord());
  Append(signature, NumberOf(items[11].payload).ToWord());
  signature.push_back(static_cast<std::uint8_t>(27 + NumberOf(items[9].payload).ToUint64()));
  ASSIGN_OR_RETURN(decoded.from, RecoverAddress(Keccak256(message), signature));
  decoded.hash = transaction.hash;
  return decoded;
}

}  // namespace kaisar::testing
