#include "base/keccak256.h"

#include <cryptopp/keccak.h>

namespace kaisar {

Digest Keccak256(ByteView bytes) {
  Digest digest;
  CryptoPP::Keccak_256 hash;
  hash.CalculateDigest(digest.data(), bytes.data(), bytes.size());
  return digest;
}

}  // namespace kaisar
