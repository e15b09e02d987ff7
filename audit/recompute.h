#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "challenges/matmul/samples.h"

namespace kaisar::kernels {
class MatmulEngine;
}

namespace kaisar::audit {

struct RecomputeOptions {
  std::string seed;          // 32 bytes of hex
  std::uint32_t n = 0;       // 256 to 32768
  std::uint32_t rounds = 0;  // 1 to 4096
  int threads = 1;
};

/// Does the work of one matmul challenge and prints {"roots":[…],"commitment":"…"}, all hex.
///
/// Errors: InvalidArgument when the seed is not 32 bytes of hex or n is no power of two;
///         ResourceExhausted when two states (2 * n * n bytes) cannot be allocated.
absl::Status PrintRecomputed(const RecomputeOptions& options, std::ostream& out);

/// Does the work of matmul challenges again, from the seed alone: on the machine's GPU where there
/// is just one, while it works, otherwise on its CPU with two states of memory. What the GPU finds
/// to be wrong is found by the CPU, too, before anybody is accused.
///
/// Threads: one at a time.
class Recomputer {
 public:
  /// Told now and then how many rounds of the one under way are done.
  using Progress = std::function<void(std::uint32_t rounds)>;

  virtual ~Recomputer() = default;

  /// root_1 … root_R, up to the first one that is not the one of `committed`.
  ///
  /// Errors: ResourceExhausted.
  virtual absl::StatusOr<std::vector<Digest>> Roots(const Digest& seed,
                                                    const challenges::MatmulShape& shape,
                                                    const std::vector<Digest>& committed,
                                                    const Progress& progress) = 0;
  /// What works now, for people: "cpu AVX2, 2 threads"; and why the GPU no longer does.
  virtual std::string Description() const = 0;
};

std::unique_ptr<Recomputer> MakeRecomputer(int threads);
/// The same with a GPU's engine, null for none.
std::unique_ptr<Recomputer> MakeRecomputer(int threads, std::unique_ptr<kernels::MatmulEngine> gpu);

}  // namespace kaisar::audit
