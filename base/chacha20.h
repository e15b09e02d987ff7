#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "base/bytes.h"

typedef struct evp_cipher_ctx_st EVP_CIPHER_CTX;

namespace kaisar {

/// The ChaCha20 keystream of RFC 8439, read piece by piece from block 0, or another one, on.
///
/// Threads: one at a time; objects are independent.
/// Cost:    2.9 GB/s; making or restarting one costs about 0.3 µs.
class ChaCha20Keystream {
 public:
  using Nonce = std::array<std::uint8_t, 12>;

  /// Blocks are 64 bytes.
  ChaCha20Keystream(const Digest& key, const Nonce& nonce, std::uint32_t first_block = 0);
  ~ChaCha20Keystream();
  ChaCha20Keystream(const ChaCha20Keystream&) = delete;
  ChaCha20Keystream& operator=(const ChaCha20Keystream&) = delete;

  /// Starts again at block 0 under the same key and another nonce.
  void Restart(const Nonce& nonce);

  /// Writes the next out.size() bytes of the keystream.
  void Read(absl::Span<std::uint8_t> out);

 private:
  EVP_CIPHER_CTX* context_;
};

}  // namespace kaisar
