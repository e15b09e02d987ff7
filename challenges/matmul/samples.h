#pragma once

#include <cstdint>
#include <vector>

#include "challenges/randomness.h"
#include "kaisar/v1/challenge.pb.h"

namespace kaisar::challenges {

/// Shape of a matmul challenge, within the limits of docs/protocol.md.
struct MatmulShape {
  std::uint32_t n = 0;
  std::uint32_t rounds = 0;

  /// Bytes that the device must keep: R states of n² bytes.
  std::uint64_t state_bytes() const { return std::uint64_t{n} * n * rounds; }
  /// int8 operations, multiply and add counted as two: 2·n³·R.
  std::uint64_t operations() const { return 2 * std::uint64_t{n} * n * n * rounds; }
};

/// One asked element: round j, row r of W, row c of Z_j.
struct MatmulSample {
  std::uint32_t j = 0;
  std::uint32_t r = 0;
  std::uint32_t c = 0;
  friend bool operator==(const MatmulSample&, const MatmulSample&) = default;
};

/// Draws the samples, after the commitment has arrived.
///
/// Source: docs/protocol.md, Matmul, Samples.
std::vector<MatmulSample> DrawSamples(const EpochKey& key, const Digest& challenge_id,
                                      const Digest& commitment, const MatmulShape& shape,
                                      std::uint32_t count);

}  // namespace kaisar::challenges
