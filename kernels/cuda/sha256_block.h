#pragma once

#include <cstdint>

#include "kernels/cuda/host_device.h"

namespace kaisar::kernels {

/// The hash so far; at first the one of the empty message.
///
/// Source: FIPS 180-4, 5.3.3: the roots of the first eight primes.
struct Sha256State {
  std::uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
};

namespace sha256 {

/// FIPS 180-4, 4.2.2: the cube roots of the first 64 primes.
KAISAR_HOST_DEVICE constexpr std::uint32_t RoundConstant(int i) {
  constexpr std::uint32_t kConstants[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
      0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
      0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
      0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
      0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
      0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
      0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
      0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
      0xc67178f2};
  return kConstants[i];
}

KAISAR_HOST_DEVICE constexpr std::uint32_t RotateRight(std::uint32_t x, int bits) {
  return x >> bits | x << (32 - bits);
}

/// Word i ≥ 16 of the schedule, from the 16 before it.
KAISAR_HOST_DEVICE constexpr std::uint32_t NextWord(const std::uint32_t (&words)[16], int i) {
  const std::uint32_t x = words[(i + 1) % 16];
  const std::uint32_t y = words[(i + 14) % 16];
  return words[i % 16] + (RotateRight(x, 7) ^ RotateRight(x, 18) ^ x >> 3) + words[(i + 9) % 16] +
         (RotateRight(y, 17) ^ RotateRight(y, 19) ^ y >> 10);
}

/// Round i. The variables a … h move one on from round to round: here, their names do.
/// `added` is the round's constant plus its word.
KAISAR_HOST_DEVICE constexpr void Round(std::uint32_t (&v)[8], int i, std::uint32_t added) {
  const std::uint32_t a = v[(64 - i) % 8];
  const std::uint32_t b = v[(65 - i) % 8];
  const std::uint32_t c = v[(66 - i) % 8];
  const std::uint32_t e = v[(68 - i) % 8];
  const std::uint32_t f = v[(69 - i) % 8];
  const std::uint32_t g = v[(70 - i) % 8];
  std::uint32_t& h = v[(71 - i) % 8];
  const std::uint32_t sum = h + added + ((e & f) ^ (~e & g)) +
                            (RotateRight(e, 6) ^ RotateRight(e, 11) ^ RotateRight(e, 25));
  v[(67 - i) % 8] += sum;
  h = sum + ((a & b) ^ (a & c) ^ (b & c)) +
      (RotateRight(a, 2) ^ RotateRight(a, 13) ^ RotateRight(a, 22));
}

/// What is added in the rounds over the last block of a message of 64 bytes: no bit of that block
/// depends on the message.
struct PaddingSchedule {
  std::uint32_t added[64] = {};
};
KAISAR_HOST_DEVICE constexpr PaddingSchedule MakePaddingSchedule() {
  PaddingSchedule schedule;
  std::uint32_t words[16] = {0x80000000};
  words[15] = 64 * 8;
  for (int i = 0; i < 64; ++i) {
    if (i >= 16) words[i % 16] = NextWord(words, i);
    schedule.added[i] = RoundConstant(i) + words[i % 16];
  }
  return schedule;
}
KAISAR_HOST_DEVICE constexpr std::uint32_t PaddingAdded(int i) {
  constexpr PaddingSchedule kSchedule = MakePaddingSchedule();
  return kSchedule.added[i];
}

}  // namespace sha256

/// The 64 rounds over one block of 16 big-endian words, which they use up. `v` holds the state
/// before; what it holds afterwards is to be added to that.
///
/// Source: FIPS 180-4, 6.2.2.
KAISAR_HOST_DEVICE constexpr void Sha256Rounds(std::uint32_t (&v)[8], std::uint32_t (&words)[16]) {
  KAISAR_UNROLL
  for (int i = 0; i < 64; ++i) {
    if (i >= 16) words[i % 16] = sha256::NextWord(words, i);
    sha256::Round(v, i, sha256::RoundConstant(i) + words[i % 16]);
  }
}

/// The last block of a message of `bytes` bytes, a multiple of 64.
KAISAR_HOST_DEVICE constexpr void PadSha256(std::uint32_t bytes, std::uint32_t (&words)[16]) {
  KAISAR_UNROLL
  for (int i = 1; i < 15; ++i) words[i] = 0;
  words[0] = 0x80000000;
  words[15] = 8 * bytes;
}

/// The hash of a message of 64 bytes, given as big-endian words, which it uses up. The second block
/// costs half: its schedule is known beforehand.
KAISAR_HOST_DEVICE constexpr Sha256State Sha256OfBlock(std::uint32_t (&words)[16]) {
  Sha256State first;
  Sha256Rounds(first.h, words);
  const Sha256State start;
  KAISAR_UNROLL
  for (int i = 0; i < 8; ++i) first.h[i] += start.h[i];
  Sha256State second = first;
  KAISAR_UNROLL
  for (int i = 0; i < 64; ++i) sha256::Round(second.h, i, sha256::PaddingAdded(i));
  KAISAR_UNROLL
  for (int i = 0; i < 8; ++i) second.h[i] += first.h[i];
  return second;
}

/// Between words as they lie in memory and big-endian ones.
KAISAR_HOST_DEVICE constexpr std::uint32_t SwapBytes(std::uint32_t x) {
#if defined(__CUDA_ARCH__)
  return __byte_perm(x, 0, 0x0123);  // one instruction, which nvcc does not find by itself
#else
  return x >> 24 | (x >> 8 & 0xff00) | (x << 8 & 0xff0000) | x << 24;
#endif
}

}  // namespace kaisar::kernels
