#include "chain/rpc_object.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/hex.h"
#include "base/printable.h"

namespace kaisar::chain {
namespace {

constexpr std::size_t kMostShownBytes = 80;

/// Only values without members are shown: writing deep ones back is recursive.
std::string Show(const Json& value) {
  if (value.is_structured()) return value.type_name();
  return Printable(value.dump(-1, ' ', true, Json::error_handler_t::replace), kMostShownBytes);
}

absl::Status Unexpected(const Json& value, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("is ", Show(value), ", expected ", expected));
}

}  // namespace

std::string ToQuantity(const Uint256& value) {
  const Digest word = value.ToWord();
  const std::string digits = ToHex(word);
  const std::size_t first = digits.find_first_not_of('0');
  return absl::StrCat("0x", first == std::string::npos ? "0" : digits.substr(first));
}

std::string ToHexData(ByteView bytes) {
  return ToPrefixedHex(bytes);
}

absl::StatusOr<Uint256> ReadQuantity(const Json& value, int bits) {
  const std::string expected = absl::StrCat("a quantity of at most ", bits, " bits");
  const std::string* text = value.get_ptr<const std::string*>();
  absl::string_view digits = text == nullptr ? absl::string_view() : absl::string_view(*text);
  if (!absl::ConsumePrefix(&digits, "0x") || digits.empty() ||
      digits.size() > static_cast<std::size_t>(bits) / 4 ||
      (digits.size() > 1 && digits[0] == '0')) {
    return Unexpected(value, expected);
  }
  const auto word = ParseHexArray<32>(absl::StrCat(std::string(64 - digits.size(), '0'), digits));
  if (!word.ok()) return Unexpected(value, expected);
  return Uint256::FromWord(*word);
}

absl::StatusOr<Bytes> ReadHexData(const Json& value, std::size_t most_bytes) {
  const std::string* text = value.get_ptr<const std::string*>();
  if (text != nullptr && absl::StartsWith(*text, "0x") && text->size() / 2 - 1 <= most_bytes) {
    absl::StatusOr<Bytes> bytes = ParseHex(*text);
    if (bytes.ok()) return bytes;
  }
  return Unexpected(value, absl::StrCat("0x and hex digits of at most ", most_bytes, " bytes"));
}

RpcObject::RpcObject(const Json& json) : json_(json) {
  if (!json.is_object()) status_ = Unexpected(json, "an object");
}

bool RpcObject::Has(const char* key) const {
  if (!json_.is_object()) return false;
  const auto found = json_.find(key);
  return found != json_.end() && !found->is_null();
}

const Json* RpcObject::Find(const char* key) {
  if (!status_.ok()) return nullptr;
  const auto found = json_.find(key);
  if (found != json_.end()) return &*found;
  Fail(key, "is missing");
  return nullptr;
}

void RpcObject::Fail(const char* key, const std::string& what) {
  if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat(key, " ", what));
}

Uint256 RpcObject::Quantity(const char* key, int bits) {
  const Json* value = Find(key);
  if (value == nullptr) return Uint256();
  const absl::StatusOr<Uint256> number = ReadQuantity(*value, bits);
  if (!number.ok()) Fail(key, std::string(number.status().message()));
  return number.value_or(Uint256());
}

template <std::size_t N>
std::array<std::uint8_t, N> RpcObject::Fixed(const char* key) {
  std::array<std::uint8_t, N> bytes{};
  const Json* value = Find(key);
  if (value == nullptr) return bytes;
  const absl::StatusOr<Bytes> read = ReadHexData(*value, N);
  if (!read.ok() || !CopyExactly(*read, bytes)) {
    Fail(key, absl::StrCat("is ", Show(*value), ", expected 0x and ", 2 * N, " hex digits"));
  }
  return bytes;
}

Digest RpcObject::Hash(const char* key) {
  return Fixed<32>(key);
}

Address RpcObject::Account(const char* key) {
  return Fixed<20>(key);
}

Bytes RpcObject::HexData(const char* key, std::size_t most_bytes) {
  const Json* value = Find(key);
  if (value == nullptr) return {};
  absl::StatusOr<Bytes> bytes = ReadHexData(*value, most_bytes);
  if (bytes.ok()) return *std::move(bytes);
  Fail(key, std::string(bytes.status().message()));
  return {};
}

const Json& RpcObject::Array(const char* key, std::size_t most) {
  static const Json* const kNone = new Json(Json::array());
  const Json* value = Find(key);
  if (value == nullptr) return *kNone;
  if (value->is_array() && value->size() <= most) return *value;
  Fail(key, absl::StrCat("is ", Show(*value), ", expected an array of at most ", most));
  return *kNone;
}

}  // namespace kaisar::chain
