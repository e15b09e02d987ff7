#pragma once

#include <cstdint>

#include "kernels/cuda/host_device.h"

namespace kaisar::kernels {

/// A key as the cipher reads it: little-endian words.
struct ChaCha20Key {
  std::uint32_t words[8] = {};
};
constexpr ChaCha20Key ChaCha20KeyOf(const std::uint8_t* seed) {
  ChaCha20Key key;
  for (int i = 0; i < 32; ++i) key.words[i / 4] |= std::uint32_t{seed[i]} << (8 * (i % 4));
  return key;
}

/// A block of the keystream of a row.
struct RowBlock {
  std::uint32_t row = 0;
  std::uint32_t counter = 0;
};

/// The binary logarithm of the number of blocks in a row of n ≥ 64 bytes.
constexpr std::uint32_t BlocksARowLog2(std::uint32_t n) {
  std::uint32_t log2 = 0;
  while (64U << log2 < n) ++log2;
  return log2;
}

/// Which one `block` is, counted through all rows of a matrix.
KAISAR_HOST_DEVICE constexpr RowBlock BlockInRow(std::uint32_t block,
                                                 std::uint32_t blocks_a_row_log2) {
  return {block >> blocks_a_row_log2, block & ((1U << blocks_a_row_log2) - 1)};
}

namespace chacha20 {

KAISAR_HOST_DEVICE constexpr std::uint32_t RotateLeft(std::uint32_t x, int bits) {
  return x << bits | x >> (32 - bits);
}

KAISAR_HOST_DEVICE constexpr void QuarterRound(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c,
                                               std::uint32_t& d) {
  a += b;
  d = RotateLeft(d ^ a, 16);
  c += d;
  b = RotateLeft(b ^ c, 12);
  a += b;
  d = RotateLeft(d ^ a, 8);
  c += d;
  b = RotateLeft(b ^ c, 7);
}

}  // namespace chacha20

/// One block of the keystream of a row, 64 bytes, as little-endian words.
///
/// Source: RFC 8439, 2.3; docs/protocol.md, Matmul, Inputs: the nonce is LE32(tag) || LE64(row).
KAISAR_HOST_DEVICE constexpr void ChaCha20Block(const ChaCha20Key& key, std::uint32_t tag,
                                                RowBlock block, std::uint32_t (&out)[16]) {
  const std::uint32_t start[16] = {0x61707865,    0x3320646e,   0x79622d32,   0x6b206574,
                                   key.words[0],  key.words[1], key.words[2], key.words[3],
                                   key.words[4],  key.words[5], key.words[6], key.words[7],
                                   block.counter, tag,          block.row,    0};
  KAISAR_UNROLL
  for (int i = 0; i < 16; ++i) out[i] = start[i];
  KAISAR_UNROLL
  for (int round = 0; round < 10; ++round) {
    KAISAR_UNROLL
    for (int i = 0; i < 4; ++i) {
      chacha20::QuarterRound(out[i], out[4 + i], out[8 + i], out[12 + i]);
    }
    KAISAR_UNROLL
    for (int i = 0; i < 4; ++i) {
      chacha20::QuarterRound(out[i], out[4 + (i + 1) % 4], out[8 + (i + 2) % 4],
                             out[12 + (i + 3) % 4]);
    }
  }
  KAISAR_UNROLL
  for (int i = 0; i < 16; ++i) out[i] += start[i];
}

}  // namespace kaisar::kernels
