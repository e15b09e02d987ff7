#include "kernels/cuda/launch.h"
#include "kernels/element_of_sum.h"

namespace kaisar::kernels {
namespace {

// A block has one thread for each element of a square of this side: 1024 threads, the most there
// are.
constexpr std::uint32_t kSide = 32;

// Written from docs/protocol.md, Matmul, Work, and nothing else: what the other paths are held
// against. Shared memory only saves each block from reading its rows 32 times.
__global__ void PlainRound(RoundArguments round) {
  const std::uint32_t across = threadIdx.x, down = threadIdx.y;
  const bool first = across == 0 && down == 0;
  if (__syncthreads_or(first && round.stop != nullptr && *round.stop != 0) != 0) return;

  __shared__ std::int8_t w_rows[kSide][kSide];      // rows r of W, elements k … k + 31
  __shared__ std::int8_t z_rows[kSide][kSide + 4];  // rows c of Z; 4 more keep banks apart
  const std::uint32_t r = blockIdx.y * kSide + down;
  const std::uint32_t c = blockIdx.x * kSide + across;
  const std::size_t n = round.n;
  std::int32_t sum = 0;
  for (std::uint32_t k = 0; k < round.n; k += kSide) {
    w_rows[down][across] = round.w[r * n + k + across];
    z_rows[down][across] = round.z[(blockIdx.x * kSide + down) * n + k + across];
    __syncthreads();
    for (std::uint32_t i = 0; i < kSide; ++i) sum += w_rows[down][i] * z_rows[across][i];
    __syncthreads();
  }
  round.next[r * n + c] = ElementFromSum(sum);
}

}  // namespace

cudaError_t LaunchPlainRound(const RoundArguments& arguments, cudaStream_t stream) {
  const dim3 blocks(arguments.n / kSide, arguments.n / kSide);
  PlainRound<<<blocks, dim3(kSide, kSide), 0, stream>>>(arguments);
  return cudaGetLastError();
}

}  // namespace kaisar::kernels
