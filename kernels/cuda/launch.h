#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace kaisar::kernels {

// What the GPU does, as calls that enqueue it on a stream and return at once. Every function
// returns what cudaGetLastError says after its launches; what goes wrong while a kernel runs
// shows at the next call that waits. Pointers are to device memory unless they say otherwise.

/// The ways to compute a round; all give the same bits.
enum class RoundPath {
  kPlain,  // one thread an element: the oracle on the device
  kMma,    // mma.sync, int8: compute capability 7.5 and above
  kWgmma,  // wgmma, int8, with TMA: compute capability 9.0
  kBf16,   // mma.sync, bf16 with fp32 sums: compute capability 8.0 and above
};

/// One round: next[r][c] = ElementFromSum(Σ_k w[r][k] · z[c][k]).
///
/// Shapes: w, z and next are n×n int8, row-major, 256 bytes aligned; n a power of two, 256 to
/// 32768.
struct RoundArguments {
  const std::int8_t* w = nullptr;
  const std::int8_t* z = nullptr;
  std::int8_t* next = nullptr;
  std::uint32_t n = 0;
  /// When it is not zero, blocks that begin end at once, and `next` is left unfinished: that is how
  /// a challenge is dropped. The host sets it by a copy on a stream of its own. (In the host's
  /// memory it would cost a round 160 µs: every block would fetch it over PCIe, one after the
  /// other.)
  const volatile std::uint32_t* stop = nullptr;
};

/// The path that suits a GPU best. `compute_capability` is 10 · major + minor.
RoundPath BestRoundPath(int compute_capability);
/// Tells whether a GPU can run a path.
bool Runs(RoundPath path, int compute_capability);
const char* NameOf(RoundPath path);

cudaError_t LaunchPlainRound(const RoundArguments& arguments, cudaStream_t stream);
cudaError_t LaunchMmaRound(const RoundArguments& arguments, cudaStream_t stream);
cudaError_t LaunchWgmmaRound(const RoundArguments& arguments, cudaStream_t stream);

/// What the bf16 path needs beside the matrices.
struct Bf16Scratch {
  std::uint16_t* w = nullptr;        // n×n bf16, of W: LaunchToBf16 once a challenge
  std::uint16_t* z = nullptr;        // n×n bf16, of the state: the round converts it itself
  std::uint32_t* inexact = nullptr;  // counts tiles whose sums came near 2^24
};
cudaError_t LaunchToBf16(const std::int8_t* from, std::uint16_t* to, std::size_t count,
                         cudaStream_t stream);
/// A tile whose partial sums come near 2^24 is computed again with integers, by the same kernel,
/// and counted in `inexact`, which the caller sets to 0 once.
///
/// Errors: NotSupported below compute capability 8.0.
cudaError_t LaunchBf16Round(const RoundArguments& arguments, const Bf16Scratch& scratch,
                            cudaStream_t stream);

/// All n rows of W (matrix 0) or Z_0 (matrix 1) of a seed.
///
/// Source: docs/protocol.md, Matmul, Inputs.
cudaError_t LaunchGenerate(const std::array<std::uint8_t, 32>& seed, std::uint32_t matrix,
                           std::uint32_t n, std::int8_t* out, cudaStream_t stream);

/// Digests of a whole tree: 2 · leaves - 1, 32 bytes each; level 0 first, the root last.
constexpr std::size_t TreeDigests(std::uint32_t n) {
  const std::size_t segment = n < 1024 ? n : 1024;
  return 2 * (std::size_t{n} * n / segment) - 1;
}

/// The Merkle tree over a state, into `digests` (32 · TreeDigests(n) bytes, 256 bytes aligned).
///
/// Source: docs/protocol.md, Matmul, Commitment.
cudaError_t LaunchTree(const std::int8_t* state, std::uint32_t n, std::uint8_t* digests,
                       const volatile std::uint32_t* stop, cudaStream_t stream);

/// One piece of memory that goes into an answer.
struct CopyOrder {
  const std::uint8_t* from = nullptr;
  std::uint8_t* to = nullptr;
  std::uint32_t bytes = 0;  // a multiple of 16; both ends 16 bytes aligned
};
/// Does `count` copies at once; `orders` is in device memory.
cudaError_t LaunchGather(const CopyOrder* orders, std::size_t count, cudaStream_t stream);

}  // namespace kaisar::kernels
