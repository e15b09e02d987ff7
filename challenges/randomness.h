#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/chacha20.h"

namespace kaisar::challenges {

/// A labelled stream: a ChaCha20 keystream read as LE64 words.
///
/// Source: docs/protocol.md, Randomness.
class Stream {
 public:
  /// Begins at word `first_word`, < 2^35.
  explicit Stream(const Digest& key, std::uint64_t first_word = 0);
  /// Uniform in [0, bound) up to a bias below bound/2^64; takes one word.
  std::uint64_t Draw(std::uint64_t bound);
  std::uint64_t NextWord();

 private:
  ChaCha20Keystream keystream_;
  std::array<std::uint8_t, 512> buffer_{};
  std::size_t used_;
};

/// The key of one epoch and slot, from which everything random in it comes.
///
/// Threads: all methods from any thread.
class EpochKey {
 public:
  static EpochKey Derive(const Digest& secret, const Digest& beacon, std::uint64_t chain_id,
                         std::uint32_t slot, std::uint32_t epoch);

  /// D(label, context).
  Digest Value(absl::string_view label, ByteView context) const;
  /// Stream(label, context).
  Stream MakeStream(absl::string_view label, ByteView context) const;
  const Digest& bytes() const { return key_; }

 private:
  EpochKey(const Digest& key, const Digest& prk) : key_(key), prk_(prk) {}
  Digest key_;
  Digest prk_;  // HKDF-Extract of key_ with an empty salt
};

/// The stream from which everybody draws the instant of the muster.
Stream MusterStream(const Digest& beacon, std::uint32_t epoch);

}  // namespace kaisar::challenges
