#pragma once

#include "base/bytes.h"

namespace kaisar {

/// Hashes one message with Keccak-256 as Ethereum uses it (not NIST's SHA3-256).
Digest Keccak256(ByteView bytes);

}  // namespace kaisar
