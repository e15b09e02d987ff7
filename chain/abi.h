#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/uint256.h"

namespace kaisar::chain {

/// Encodes one tuple of values by the contract ABI: the arguments of a call, or a struct in them.
/// Static values lie in the head, one 32-byte word each; dynamic ones behind it.
///
/// Source: Solidity documentation, Contract ABI Specification.
class AbiEncoder {
 public:
  AbiEncoder& Uint(const Uint256& value);
  AbiEncoder& Boolean(bool value);
  AbiEncoder& Bytes32(const Digest& value);
  AbiEncoder& EvmAddress(const Address& value);
  AbiEncoder& DynamicBytes(ByteView value);           // `bytes` and `string`
  AbiEncoder& StaticTuple(const AbiEncoder& value);   // a struct without dynamic members
  AbiEncoder& DynamicTuple(const AbiEncoder& value);  // a struct with dynamic members
  AbiEncoder& StaticArray(const std::vector<AbiEncoder>& values);   // T[] of static T
  AbiEncoder& DynamicArray(const std::vector<AbiEncoder>& values);  // T[] of dynamic T
  Bytes Finish() const;

 private:
  struct Part {
    Bytes bytes;
    bool dynamic = false;
  };
  std::vector<Part> parts_;
};

/// The first four bytes of the Keccak-256 of a signature such as "commit(uint32,uint32,bytes32)".
Bytes Selector(absl::string_view signature);
/// Keccak-256 of an event's signature: its topic 0.
Digest EventTopic(absl::string_view signature);
/// Selector and arguments.
Bytes EncodeCall(absl::string_view signature, const AbiEncoder& arguments);

/// Reads one tuple of values in order. Never reads beyond the bytes, whatever they say; after the
/// first error all values are zero or empty and `status` tells it, so callers check once at the
/// end. Words with bits beyond the type's width are errors.
class AbiDecoder {
 public:
  explicit AbiDecoder(ByteView bytes) : bytes_(bytes) {}
  Uint256 Uint(int bits = 256);
  std::uint64_t Uint64(int bits = 64);  // bits at most 64
  bool Boolean();
  Digest Bytes32();
  Address EvmAddress();
  Bytes DynamicBytes(std::size_t most_bytes);
  /// A struct with dynamic members. It has a status of its own, which tells an error before it too.
  AbiDecoder DynamicTuple();
  /// Calls `read` with a decoder for each element of T[]; for static T each takes `words` words,
  /// for dynamic T pass 0.
  template <typename Read>
  void Array(std::size_t words, std::size_t most, Read read) {
    for (AbiDecoder& element : Elements(words, most)) {
      read(element);
      if (!element.status_.ok() && status_.ok()) status_ = element.status_;
    }
  }
  /// InvalidArgument with what was read and where it failed.
  const absl::Status& status() const { return status_; }

 private:
  Digest Word();
  ByteView Tail();  // what the offset in the head points to
  void Fail(const std::string& what);
  std::vector<AbiDecoder> Elements(std::size_t words, std::size_t most);
  ByteView bytes_;
  std::size_t next_ = 0;  // of the head
  absl::Status status_;
};

}  // namespace kaisar::chain
