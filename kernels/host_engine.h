#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "base/bytes.h"
#include "kernels/matmul_engine.h"

namespace kaisar::kernels {

/// An engine whose states lie in the host's memory; what differs is how it computes a round.
class HostEngine : public MatmulEngine {
 public:
  absl::StatusOr<std::unique_ptr<ProofStates>> Prove(const Digest& seed, std::uint32_t n,
                                                     std::uint32_t rounds,
                                                     const std::function<bool()>& cancelled) final;

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
};

/// The engine on the CPU: Google Highway, dispatched at run time, `threads` ≥ 1.
std::unique_ptr<HostEngine> MakeCpuEngine(int threads);

/// The triple loop that everything else must equal, bit for bit. For tests.
std::unique_ptr<HostEngine> MakePlainEngine();

}  // namespace kaisar::kernels
