#include "kernels/cuda/chacha20_block.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/warp_staging.h"

namespace kaisar::kernels {
namespace {

// Eight warps hide the latencies of each other's arithmetic; several such blocks fit an SM.
constexpr std::uint32_t kThreads = 256;

// One thread a block of the keystream. Blocks lie one behind the other, through all rows, so a warp
// owns 2048 bytes in a row; it trades them through shared memory, so that each of its stores fills
// 512 bytes.
__global__ void __launch_bounds__(kThreads)
    GenerateBlocks(ChaCha20Key key, std::uint32_t matrix, std::uint32_t blocks_a_row_log2,
                   uint4* out) {
  __shared__ uint4 staged[kThreads / 32][kStagedChunks];
  const std::uint32_t lane = threadIdx.x % 32;
  uint4* const chunks = staged[threadIdx.x / 32];
  const std::uint32_t block = blockIdx.x * kThreads + threadIdx.x;

  std::uint32_t words[16];
  ChaCha20Block(key, matrix, BlockInRow(block, blocks_a_row_log2), words);
#pragma unroll
  for (std::uint32_t i = 0; i < 4; ++i) {
    chunks[StagedAt({lane, i})] =
        make_uint4(words[4 * i], words[4 * i + 1], words[4 * i + 2], words[4 * i + 3]);
  }
  __syncwarp();
  out += std::size_t{block - lane} * 4;
#pragma unroll
  for (std::uint32_t i = 0; i < 4; ++i) {
    const StagedChunk carried = CarriedChunk(lane, i);
    out[4 * carried.lane + carried.chunk] = chunks[StagedAt(carried)];
  }
}

}  // namespace

cudaError_t LaunchGenerate(const std::array<std::uint8_t, 32>& seed, std::uint32_t matrix,
                           std::uint32_t n, std::int8_t* out, cudaStream_t stream) {
  const std::uint32_t blocks_a_row_log2 = BlocksARowLog2(n);
  const std::uint32_t blocks = n << blocks_a_row_log2;  // n ≥ 256: a multiple of kThreads
  GenerateBlocks<<<blocks / kThreads, kThreads, 0, stream>>>(
      ChaCha20KeyOf(seed.data()), matrix, blocks_a_row_log2, reinterpret_cast<uint4*>(out));
  return cudaGetLastError();
}

}  // namespace kaisar::kernels
