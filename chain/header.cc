#include "chain/header.h"

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/keccak256.h"
#include "base/status_macros.h"

namespace kaisar::chain {
namespace {

constexpr std::size_t kParentField = 0, kNumberField = 8, kTimestampField = 11;
constexpr std::uint8_t kString = 0x80, kList = 0xc0;
constexpr std::size_t kMostShort = 55;

std::uint64_t BigEndian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

/// Takes one item off the front and gives its payload; null when the bytes do not hold it.
std::optional<ByteView> TakeItem(ByteView& bytes) {
  if (bytes.empty()) return std::nullopt;
  const std::uint8_t prefix = bytes[0];
  if (prefix < kString) {
    const ByteView self = bytes.first(1);
    bytes.remove_prefix(1);
    return self;
  }
  std::uint64_t size = static_cast<std::uint8_t>(prefix - (prefix < kList ? kString : kList));
  bytes.remove_prefix(1);
  if (size > kMostShort) {
    const std::size_t digits = size - kMostShort;  // at most 8
    if (digits > bytes.size()) return std::nullopt;
    size = BigEndian(bytes.first(digits));
    bytes.remove_prefix(digits);
  }
  if (size > bytes.size()) return std::nullopt;
  const ByteView payload = bytes.first(size);
  bytes.remove_prefix(size);
  return payload;
}

absl::Status NoHeader(const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("block header: ", what));
}

}  // namespace

absl::StatusOr<HeaderFields> ParseHeader(ByteView rlp) {
  HeaderFields fields;
  fields.hash = Keccak256(rlp);
  if (rlp.empty() || rlp[0] < kList) return NoHeader("is no RLP list");
  std::optional<ByteView> rest = TakeItem(rlp);
  if (!rest.has_value() || !rlp.empty()) return NoHeader("is not one whole RLP list");
  std::vector<ByteView> items;
  while (!rest->empty()) {
    const std::optional<ByteView> item = TakeItem(*rest);
    if (!item.has_value()) return NoHeader(absl::StrCat("field ", items.size(), " is cut"));
    items.push_back(*item);
  }
  if (items.size() <= kTimestampField) {
    return NoHeader(absl::StrCat("has ", items.size(), " fields, expected at least 15"));
  }
  if (!CopyExactly(items[kParentField], fields.parent)) {
    return NoHeader(absl::StrCat("parent has ", items[kParentField].size(), " bytes"));
  }
  for (const std::size_t field : {kNumberField, kTimestampField}) {
    if (items[field].size() > sizeof(std::uint64_t)) {
      return NoHeader(absl::StrCat("field ", field, " has ", items[field].size(), " bytes"));
    }
  }
  fields.number = BigEndian(items[kNumberField]);
  fields.timestamp_s = BigEndian(items[kTimestampField]);
  return fields;
}

}  // namespace kaisar::chain
