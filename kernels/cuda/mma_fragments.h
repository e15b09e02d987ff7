#pragma once

#include <cstdint>

#include "kernels/cuda/host_device.h"

namespace kaisar::kernels {

// Who holds what in a warp's mma.sync. A product takes 16 rows of W and 8 rows of Z, 32 bytes of
// each: m16n8k32 with int8, m16n8k16 with bf16. In bytes the two are laid out alike.
//
//   lane = 4 · group + member          8 groups of 4 lanes
//
//   W, 16×32 bytes, registers w0 … w3       Z, 8×32 bytes, registers z0, z1
//            bytes 0…15   bytes 16…31                bytes 0…15   bytes 16…31
//   row g       w0           w2             row g       z0           z1
//   row g+8     w1           w3
//
//   sums, 16×8, s0 … s3: row g: s0, s1; row g+8: s2, s3; at columns 2·member and 2·member + 1
//
// A register holds the 4 bytes from 4 · member of its half row. A column of the sums is a row of Z.
//
// Source: PTX ISA, matrix fragments for mma.m16n8k32 (8 bits) and mma.m16n8k16 (bf16).

inline constexpr std::uint32_t kLanes = 32;
/// What one product takes of a row.
inline constexpr std::uint32_t kStepBytes = 32;
/// What ldmatrix reads at once, from one row.
inline constexpr std::uint32_t kChunkBytes = 16;

/// The first of the four bytes of a register of W or Z, or (with byte as the column) one sum.
struct FragmentPlace {
  std::uint32_t row = 0;
  std::uint32_t byte = 0;
};

KAISAR_HOST_DEVICE constexpr std::uint32_t GroupOf(std::uint32_t lane) {
  return lane / 4;
}
KAISAR_HOST_DEVICE constexpr std::uint32_t MemberOf(std::uint32_t lane) {
  return lane % 4;
}

/// Register w0 … w3.
KAISAR_HOST_DEVICE constexpr FragmentPlace PlaceInW(std::uint32_t lane, std::uint32_t index) {
  return {GroupOf(lane) + 8 * (index % 2), 4 * MemberOf(lane) + kChunkBytes * (index / 2)};
}

/// Register z0, z1.
KAISAR_HOST_DEVICE constexpr FragmentPlace PlaceInZ(std::uint32_t lane, std::uint32_t index) {
  return {GroupOf(lane), 4 * MemberOf(lane) + kChunkBytes * index};
}

/// Sum s0 … s3.
KAISAR_HOST_DEVICE constexpr FragmentPlace PlaceInSums(std::uint32_t lane, std::uint32_t index) {
  return {GroupOf(lane) + 8 * (index / 2), 2 * MemberOf(lane) + index % 2};
}

// ldmatrix.x4 reads four squares of 8 rows × 16 bytes. Lane i gives the address of row i % 8 of
// square i / 8; register q of lane i becomes bytes 4 · (i % 4) … + 3 of row i / 4 of square q.

/// One row of one square: a row of the operand, and which 16 bytes of the step.
struct ChunkPlace {
  std::uint32_t row = 0;
  std::uint32_t chunk = 0;
};

/// What a lane points at, so that the four squares become w0 … w3 of 16 rows.
KAISAR_HOST_DEVICE constexpr ChunkPlace ChunkOfW(std::uint32_t lane) {
  return {lane % 16, lane / 16};
}

/// What a lane points at, so that the four squares become z0, z1 of 8 rows, then of the next 8.
KAISAR_HOST_DEVICE constexpr ChunkPlace ChunkOfZ(std::uint32_t lane) {
  return {lane % 8 + 8 * (lane / 16), lane / 8 % 2};
}

// Turing has m8n8k16 only. Four of them make one m16n8k32, register for register:
//   (s0, s1) += w0 · z0 + w2 · z1        (s2, s3) += w1 · z0 + w3 · z1

/// One m8n8k16 out of the four: sums s[2 · half], s[2 · half + 1] += w[w] · z[z].
struct QuarterProduct {
  std::uint32_t half = 0;
  std::uint32_t w = 0;
  std::uint32_t z = 0;
};

KAISAR_HOST_DEVICE constexpr QuarterProduct QuarterOf(std::uint32_t index) {
  return {index % 2, index, index / 2};
}

}  // namespace kaisar::kernels
