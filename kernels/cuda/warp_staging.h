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

/// Where a warp keeps a chunk in shared memory, in units of 16 bytes, and how many it takes.
///
/// Five apart, not four: so eight lanes at a time have different banks where each comes for a chunk
/// of its own; where they come for the ones that they carry, two at most share a bank.
KAISAR_HOST_DEVICE constexpr std::uint32_t StagedAt(StagedChunk of) {
  return 5 * of.lane + of.chunk;
}
inline constexpr std::uint32_t kStagedChunks = 32 * 5;

}  // namespace kaisar::kernels
