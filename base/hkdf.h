#pragma once

#include "base/bytes.h"

namespace kaisar {

/// HMAC-SHA256 (RFC 2104).
Digest HmacSha256(ByteView key, ByteView message);

/// HKDF-SHA256 (RFC 5869) with 32 bytes of output, in its two steps: the first is shared by all
/// values that are derived from one key.
Digest HkdfExtract(ByteView salt, ByteView ikm);
Digest HkdfExpand(const Digest& prk, ByteView info);

/// Both steps.
inline Digest HkdfSha256(ByteView ikm, ByteView salt, ByteView info) {
  return HkdfExpand(HkdfExtract(salt, ikm), info);
}

}  // namespace kaisar
