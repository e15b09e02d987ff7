#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "base/bytes.h"

namespace kaisar::kernels {

/// Computes rounds of the matmul proof. One engine serves one challenge at a time.
///
/// Shapes: W and states are n×n int8, row-major; n is a power of two, 256 to 32768.
/// Threads: one at a time; an engine may use several threads of its own.
class MatmulEngine {
 public:
  virtual ~MatmulEngine() = default;

  /// Gets ready for the rounds of W and Z_0 of this seed; keeps W. Generating them may be left to
  /// the first round, where it can be cancelled.
  ///
  /// Errors: ResourceExhausted when memory runs out.
  virtual absl::Status Begin(const Digest& seed, std::uint32_t n) = 0;

  /// Z_{j+1} from Z_j. The first call takes an empty `state` for Z_0.
  ///
  /// Errors: Cancelled when `cancelled` (asked at least every 50 ms) says so.
  virtual absl::Status Round(absl::Span<const std::int8_t> state, absl::Span<std::int8_t> next,
                             const std::function<bool()>& cancelled) = 0;

  /// Threads that may share the hashing of a state between rounds.
  virtual int hashing_threads() const { return 1; }

  /// For people: "cpu AVX2, 2 threads".
  virtual std::string Description() const = 0;
};

/// The engine on the CPU: Google Highway, dispatched at run time, `threads` ≥ 1.
std::unique_ptr<MatmulEngine> MakeCpuEngine(int threads);

/// The triple loop that everything else must equal, bit for bit. For tests.
std::unique_ptr<MatmulEngine> MakePlainEngine();

}  // namespace kaisar::kernels
