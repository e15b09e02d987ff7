#include "kernels/cuda/launch.h"
#include "kernels/cuda/mma_round.h"

namespace kaisar::kernels {
namespace {

__global__ void __launch_bounds__(RoundShape::kThreads, RoundShape::kBlocks)
    MmaRound(RoundArguments round) {
  extern __shared__ __align__(128) std::uint8_t shared[];
  const bool leave = ReadStop(round);
  const RoundTile tile(round, blockIdx.x);
  WarpSums<std::int32_t> sums = {};
  if (!SumTile<RoundShape>(tile.Operands(round.w, round.z, round.n), shared, leave, sums,
                           [](std::uint32_t, const WarpSums<std::int32_t>&) {})) {
    return;
  }
  StoreElements(sums, tile.WarpElements(round), round.n, [](std::int32_t sum) { return sum; });
}

}  // namespace

cudaError_t LaunchMmaRound(const RoundArguments& arguments, cudaStream_t stream) {
  return LaunchRound(MmaRound, arguments.n, stream, arguments);
}

}  // namespace kaisar::kernels
