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
class Gpu;
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
/// is just one and it has the memory, otherwise on its CPU with two states of memory.
///
/// Threads: one at a time.
class Recomputer {
 public:
  /// Told now and then how many rounds of the one under way are done.
  using Progress = std::function<void(std::uint32_t rounds)>;

  virtual ~Recomputer() = default;

  /// root_1 … root_R. On the CPU it ends at the first root that is not the one of `committed`.
  ///
  /// Errors: ResourceExhausted.
  virtual absl::StatusOr<std::vector<Digest>> Roots(const Digest& seed,
                                                    const challenges::MatmulShape& shape,
                                                    const std::vector<Digest>& committed,
                                                    const Progress& progress) = 0;
  /// For people: "cpu AVX2, 2 threads".
  virtual std::string Description() const = 0;
};

std::unique_ptr<Recomputer> MakeRecomputer(int threads);
/// The same with a GPU, null for none.
std::unique_ptr<Recomputer> MakeRecomputer(int threads, std::unique_ptr<kernels::Gpu> gpu);

}  // namespace kaisar::audit
