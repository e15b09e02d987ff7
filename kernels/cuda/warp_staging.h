#pragma once

#include <cstdint>

#include "kernels/cuda/host_device.h"

namespace kaisar::kernels {

/// One of the four chunks, of 16 bytes each, of one of the 32 lanes of a warp.
struct StagedChunk {
  std::uint32_t lane = 0;
  std::uint32_t chunk = 0;
};

/// The i-th (0 … 3) chunk that a lane carries between global and shared memory: with its seven
/// neighbours it moves 128 bytes that are in a row for each owner, so whole sectors.
KAISAR_HOST_DEVICE constexpr StagedChunk CarriedChunk(std::uint32_t lane, std::uint32_t i) {
  return {8 * i + lane / 4, lane % 4};
}

/// Where a warp keeps a chunk in its 2048 bytes of shared memory, in units of 16 bytes.
///
/// Eight lanes at a time have different banks, both when each comes for the same chunk of its own
/// and when they come for the ones that they carry.
KAISAR_HOST_DEVICE constexpr std::uint32_t StagedAt(StagedChunk of) {
  return 4 * of.lane + (of.chunk ^ (of.lane / 2 % 4));
}

}  // namespace kaisar::kernels
