#pragma once

#include "base/bytes.h"

typedef struct evp_md_ctx_st EVP_MD_CTX;

namespace kaisar {

/// SHA-256 (FIPS 180-4) over a message in pieces.
///
/// Threads: one at a time; objects are independent.
/// Cost:    1.5 GB/s with SHA-NI; the context is allocated once and used again after Finish.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(const Sha256Hasher&) = delete;
  Sha256Hasher& operator=(const Sha256Hasher&) = delete;

  Sha256Hasher& Update(ByteView bytes);
  /// Gives the hash and starts over.
  Digest Finish();

 private:
  EVP_MD_CTX* context_;
};

/// Hashes one message.
Digest Sha256(ByteView bytes);

/// Hashes left || right.
Digest Sha256(ByteView left, ByteView right);

}  // namespace kaisar
