#include "base/hkdf.h"

#include <array>

#include "base/sha256.h"

namespace kaisar {
namespace {

constexpr std::size_t kBlockBytes = 64;  // of SHA-256

}  // namespace

// HMAC over our own hasher: OpenSSL's EVP_MAC costs several times the two hashes it computes.
Digest HmacSha256(ByteView key, ByteView message) {
  std::array<std::uint8_t, kBlockBytes> inner{};
  if (key.size() > kBlockBytes) {
    const Digest hashed = Sha256(key);
    std::copy(hashed.begin(), hashed.end(), inner.begin());
  } else {
    std::copy(key.begin(), key.end(), inner.begin());
  }
  std::array<std::uint8_t, kBlockBytes> outer = inner;
  for (std::uint8_t& byte : inner) byte ^= 0x36;
  for (std::uint8_t& byte : outer) byte ^= 0x5c;
  return Sha256(outer, Sha256(inner, message));
}

Digest HkdfExtract(ByteView salt, ByteView ikm) {
  return HmacSha256(salt, ikm);
}

Digest HkdfExpand(const Digest& prk, ByteView info) {
  Bytes message(info.begin(), info.end());
  message.push_back(1);  // T(1) alone: the output is one hash long
  return HmacSha256(prk, message);
}

}  // namespace kaisar
