// A state is converted once a round, by a kernel of its own: n² bytes read and twice as many
// written for 2n³ operations. Converting on the way from shared memory to the registers would save
// that, but do it n/128 times for each element, in between the products; storing the next state as
// bf16, too, would need room for a second one, for blocks still read the first.

#include "kernels/cuda/exact_bf16.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/mma_round.h"

namespace kaisar::kernels {
namespace {

// Elements that a thread converts: 16 bytes in, 32 out.
constexpr std::uint32_t kConverted = 16;
constexpr std::uint32_t kConvertingThreads = 256;

__global__ void __launch_bounds__(kConvertingThreads)
    ToBf16(const std::int8_t* from, std::uint16_t* to) {
  const std::size_t first =
      (std::size_t{blockIdx.x} * kConvertingThreads + threadIdx.x) * kConverted;
  const uint4 in = *reinterpret_cast<const uint4*>(from + first);
  const std::uint32_t words[4] = {in.x, in.y, in.z, in.w};
  std::uint32_t pairs[8];
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const std::uint32_t word = words[i / 2] >> (16 * (i % 2));
    pairs[i] = Bf16Of(static_cast<std::int8_t>(word)) |
               std::uint32_t{Bf16Of(static_cast<std::int8_t>(word >> 8))} << 16;
  }
  uint4* out = reinterpret_cast<uint4*>(to + first);
  out[0] = make_uint4(pairs[0], pairs[1], pairs[2], pairs[3]);
  out[1] = make_uint4(pairs[4], pairs[5], pairs[6], pairs[7]);
}

[[maybe_unused]] __device__ __forceinline__ float LargestOf(const WarpSums<float>& sums) {
  float largest = 0;
#pragma unroll
  for (std::uint32_t i = 0; i < kProductsDown; ++i) {
#pragma unroll
    for (std::uint32_t j = 0; j < kProductsAcross; ++j) {
#pragma unroll
      for (std::uint32_t k = 0; k < 4; ++k) largest = fmaxf(largest, fabsf(sums.of[i][j][k]));
    }
  }
  return largest;
}

__global__ void __launch_bounds__(RoundShape::kThreads, RoundShape::kBlocks)
    Bf16Round(RoundArguments round, Bf16Scratch scratch) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  extern __shared__ __align__(128) std::uint8_t shared[];
  const bool leave = ReadStop(round);
  const RoundTile tile(round, blockIdx.x);
  bool inexact = false;
  {
    const TileOperands operands = tile.Operands(scratch.w, scratch.z, 2 * round.n);
    const std::uint32_t slices = operands.row_bytes / kSliceBytes;
    WarpSums<float> sums = {};
    const auto look = [&](std::uint32_t slice, const WarpSums<float>& at_look) {
      if (LooksAfter(slice, slices)) inexact |= LargestOf(at_look) > float{kLargestAtLook};
    };
    if (!SumTile<RoundShape>(operands, shared, leave, sums, look)) return;
    inexact = __syncthreads_or(inexact) != 0;
    if (!inexact) {
      StoreElements(sums, tile.WarpElements(round), round.n,
                    [](float sum) { return __float2int_rn(sum); });
      return;
    }
  }
  // Practically never: a sum so large that later ones may have been rounded.
  if (threadIdx.x == 0) atomicAdd(scratch.inexact, 1);
  WarpSums<std::int32_t> sums = {};
  SumTile<RoundShape>(tile.Operands(round.w, round.z, round.n), shared, false, sums,
                      [](std::uint32_t, const WarpSums<std::int32_t>&) {});
  StoreElements(sums, tile.WarpElements(round), round.n, [](std::int32_t sum) { return sum; });
#endif
}

}  // namespace

cudaError_t LaunchToBf16(const std::int8_t* from, std::uint16_t* to, std::size_t count,
                         cudaStream_t stream) {
  const auto blocks = static_cast<std::uint32_t>(count / (kConverted * kConvertingThreads));
  ToBf16<<<blocks, kConvertingThreads, 0, stream>>>(from, to);
  return cudaGetLastError();
}

cudaError_t LaunchBf16Round(const RoundArguments& arguments, const Bf16Scratch& scratch,
                            cudaStream_t stream) {
  cudaFuncAttributes attributes;
  cudaError_t error = cudaFuncGetAttributes(&attributes, Bf16Round);
  if (error != cudaSuccess) return error;
  if (attributes.ptxVersion < 80) return cudaErrorNotSupported;
  const std::size_t count = std::size_t{arguments.n} * arguments.n;
  error = LaunchToBf16(arguments.z, scratch.z, count, stream);
  if (error != cudaSuccess) return error;
  return LaunchRound(Bf16Round, arguments.n, stream, arguments, scratch);
}

}  // namespace kaisar::kernels
