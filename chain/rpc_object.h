#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/uint256.h"
#include "chain/rpc_message.h"

namespace kaisar::chain {

/// The JSON-RPC form of a number: 0x and hex digits without leading zeros.
std::string ToQuantity(const Uint256& value);
/// The JSON-RPC form of bytes: 0x and two hex digits each.
std::string ToHexData(ByteView bytes);

/// Reads both forms back.
///
/// Errors: InvalidArgument with what was expected; numbers of more than `bits` bits and bytes
/// beyond
///         `most_bytes` are errors, too.
absl::StatusOr<Uint256> ReadQuantity(const Json& value, int bits);
absl::StatusOr<Bytes> ReadHexData(const Json& value, std::size_t most_bytes);

/// Reads the members of an object that an endpoint returned. After the first error all values are
/// zero or empty; `status` tells it, with the member's name.
class RpcObject {
 public:
  /// `json` must outlive it.
  explicit RpcObject(const Json& json);

  /// Whether the member is there and not null.
  bool Has(const char* key) const;
  Uint256 Quantity(const char* key, int bits);
  std::uint64_t Uint64(const char* key) { return Quantity(key, 64).ToUint64(); }
  Digest Hash(const char* key);
  Address Account(const char* key);
  Bytes HexData(const char* key, std::size_t most_bytes);
  /// An array's elements, at most so many; empty on errors.
  const Json& Array(const char* key, std::size_t most);

  void Fail(const char* key, const std::string& what);
  const absl::Status& status() const { return status_; }

 private:
  const Json* Find(const char* key);
  template <std::size_t N>
  std::array<std::uint8_t, N> Fixed(const char* key);
  const Json& json_;
  absl::Status status_;
};

}  // namespace kaisar::chain
