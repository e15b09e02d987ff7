#include "kernels/cuda/launch.h"

namespace kaisar::kernels {
namespace {

// A row of 32768 elements is 16 rounds of a block; a digest is two threads' work.
constexpr std::uint32_t kThreads = 128;

// One block an order. An order may come from anywhere, so neighbours share nothing.
__global__ void __launch_bounds__(kThreads) CopyPieces(const CopyOrder* orders) {
  const CopyOrder order = orders[blockIdx.x];
  const uint4* const from = reinterpret_cast<const uint4*>(order.from);
  uint4* const to = reinterpret_cast<uint4*>(order.to);
  for (std::uint32_t i = threadIdx.x; i < order.bytes / sizeof(uint4); i += kThreads) {
    to[i] = from[i];
  }
}

}  // namespace

cudaError_t LaunchGather(const CopyOrder* orders, std::size_t count, cudaStream_t stream) {
  // A grid of none would be an error.
  if (count == 0) return cudaSuccess;
  CopyPieces<<<static_cast<unsigned>(count), kThreads, 0, stream>>>(orders);
  return cudaGetLastError();
}

}  // namespace kaisar::kernels
