#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "base/bytes.h"

namespace kaisar::chain {

/// What a block header's RLP says of the block's place in the chain.
struct HeaderFields {
  Digest hash{};  // Keccak-256 of the header
  Digest parent{};
  std::uint64_t number = 0;
  std::uint64_t timestamp_s = 0;  // Unix time
};

/// Reads fields 0, 8 and 11; says nothing of the others, which later forks add to.
///
/// Errors: InvalidArgument when it is not one RLP list with such fields.
/// Source: Ethereum yellow paper, 4.4 and appendix B.
absl::StatusOr<HeaderFields> ParseHeader(ByteView rlp);

}  // namespace kaisar::chain
