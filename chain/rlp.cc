#include "chain/rlp.h"

namespace kaisar::chain {
namespace {

constexpr std::uint8_t kString = 0x80;
constexpr std::uint8_t kList = 0xc0;
constexpr std::size_t kMostShort = 55;  // longer payloads have their length in bytes of its own

ByteView WithoutLeadingZeros(ByteView bytes) {
  while (!bytes.empty() && bytes.front() == 0) bytes.remove_prefix(1);
  return bytes;
}

void AppendPrefix(Bytes& to, std::uint8_t offset, std::size_t size) {
  if (size <= kMostShort) {
    to.push_back(static_cast<std::uint8_t>(offset + size));
    return;
  }
  Bytes length;
  AppendBigEndian64(length, size);
  const ByteView minimal = WithoutLeadingZeros(length);
  to.push_back(static_cast<std::uint8_t>(offset + kMostShort + minimal.size()));
  Append(to, minimal);
}

}  // namespace

Bytes RlpString(ByteView bytes) {
  if (bytes.size() == 1 && bytes[0] < kString) return {bytes[0]};
  Bytes encoded;
  encoded.reserve(bytes.size() + 9);
  AppendPrefix(encoded, kString, bytes.size());
  Append(encoded, bytes);
  return encoded;
}

Bytes RlpInteger(const Uint256& value) {
  const Digest word = value.ToWord();
  return RlpString(WithoutLeadingZeros(word));
}

Bytes RlpList(const std::vector<Bytes>& items) {
  std::size_t size = 0;
  for (const Bytes& item : items) size += item.size();
  Bytes encoded;
  encoded.reserve(size + 9);
  AppendPrefix(encoded, kList, size);
  for (const Bytes& item : items) Append(encoded, item);
  return encoded;
}

}  // namespace kaisar::chain
