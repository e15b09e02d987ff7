#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/uint256.h"

namespace kaisar::chain {

/// Recursive Length Prefix encoding, as transactions and block headers use it.
///
/// Source: Ethereum yellow paper, appendix B.
Bytes RlpString(ByteView bytes);
/// An integer: big-endian without leading zeros; zero is the empty string.
Bytes RlpInteger(const Uint256& value);
/// A list of items that are encoded already.
Bytes RlpList(const std::vector<Bytes>& items);

}  // namespace kaisar::chain
