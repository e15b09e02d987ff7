#include "kernels/cuda/sha256_block.h"

#include <gtest/gtest.h>

#include <random>

#include "base/hex.h"
#include "base/sha256.h"

namespace kaisar::kernels {
namespace {

Bytes RandomBytes(std::size_t count) {
  std::mt19937 random(static_cast<std::uint32_t>(count));
  Bytes bytes(count);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

// Loads a block as the GPU does: little-endian, then swapped.
void Load(const std::uint8_t* from, std::uint32_t (&words)[16]) {
  for (std::size_t i = 0; i < 16; ++i) {
    const std::uint8_t* at = from + 4 * i;
    words[i] = SwapBytes(at[0] | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 |
                         std::uint32_t{at[3]} << 24);
  }
}

Digest DigestOf(const Sha256State& state) {
  Digest digest{};
  for (std::size_t i = 0; i < 32; ++i) {
    digest[i] = static_cast<std::uint8_t>(SwapBytes(state.h[i / 4]) >> (8 * (i % 4)));
  }
  return digest;
}

void TakeIn(Sha256State& state, std::uint32_t (&words)[16]) {
  Sha256State rounds = state;
  Sha256Rounds(rounds.h, words);
  for (int i = 0; i < 8; ++i) state.h[i] += rounds.h[i];
}

Digest HashOf(const Bytes& message) {
  Sha256State state;
  std::uint32_t words[16];
  for (std::size_t at = 0; at < message.size(); at += 64) {
    Load(message.data() + at, words);
    TakeIn(state, words);
  }
  PadSha256(static_cast<std::uint32_t>(message.size()), words);
  TakeIn(state, words);
  return DigestOf(state);
}

TEST(Sha256Block, GivesTheHashOfThePublishedMessage) {
  // FIPS 180-4's example, one block: "abc".
  std::uint32_t words[16] = {0x61626380};
  words[15] = 24;
  Sha256State state;
  TakeIn(state, words);
  EXPECT_EQ(ToHex(DigestOf(state)),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256Block, EqualsTheCpusHashOfLeavesOfEveryLength) {
  for (const std::size_t bytes : {64U, 256U, 512U, 1024U}) {
    const Bytes leaf = RandomBytes(bytes);
    EXPECT_EQ(HashOf(leaf), Sha256(leaf)) << bytes;
  }
}

TEST(Sha256Block, HashesTwoDigestsWithThePaddingKnownBeforehand) {
  for (std::uint8_t i = 0; i < 20; ++i) {
    Bytes children = RandomBytes(64);
    children[0] = i;
    std::uint32_t words[16];
    Load(children.data(), words);
    EXPECT_EQ(DigestOf(Sha256OfBlock(words)), Sha256(children));
  }
}

TEST(Sha256Block, IsKnownAtCompileTime) {
  constexpr auto kFirstWord = [] {
    std::uint32_t words[16] = {};
    return Sha256OfBlock(words).h[0];
  };
  static_assert(kFirstWord() == 0xf5a5fd42);  // SHA-256 of 64 zero bytes
}

}  // namespace
}  // namespace kaisar::kernels
