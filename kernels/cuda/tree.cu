#include <cuda_pipeline.h>

#include <algorithm>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/sha256_block.h"
#include "kernels/cuda/tree_layout.h"
#include "kernels/cuda/warp_staging.h"

// A tree is computed while the matmul of the next round has nearly all of every SM, so it takes
// only what that leaves, everywhere: one block an SM, 128 threads with 48 registers each and 14 KB
// of shared memory. One block and not more, because tree and matmul start at the same moment: where
// several blocks of the tree came first, the matmul's would have to wait for them. It costs
// nothing, either: one warp on each of the four schedulers keeps the pipe that does the rotations
// and the logic busy nearly all the time. So the grids have at most as many blocks as there are
// SMs, and what is left is done in a loop.

namespace kaisar::kernels {
namespace {

static_assert(TreeDigests(256) == DigestPlace(LeavesOf(256), RootLevel(LeavesOf(256)), 0) + 1);
static_assert(TreeDigests(8192) == DigestPlace(LeavesOf(8192), RootLevel(LeavesOf(8192)), 0) + 1);

constexpr int kRegisters = 48;
constexpr std::uint32_t kLanes = 32;
constexpr std::uint32_t kBlockBytes = 64;  // of SHA-256

// Asked once a block, by one thread: the word may lie as far away as the host.
__device__ bool Stopped(const volatile std::uint32_t* stop) {
  return __syncthreads_or(threadIdx.x == 0 && stop != nullptr && *stop != 0);
}

__device__ void StoreDigest(const Sha256State& state, uint4* to) {
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    to[i] = make_uint4(SwapBytes(state.h[4 * i]), SwapBytes(state.h[4 * i + 1]),
                       SwapBytes(state.h[4 * i + 2]), SwapBytes(state.h[4 * i + 3]));
  }
}

__device__ void SetWords(const uint4& chunk, std::uint32_t i, std::uint32_t (&words)[16]) {
  words[4 * i] = SwapBytes(chunk.x);
  words[4 * i + 1] = SwapBytes(chunk.y);
  words[4 * i + 2] = SwapBytes(chunk.z);
  words[4 * i + 3] = SwapBytes(chunk.w);
}

// The thread's hash so far waits in shared memory while a block goes through the rounds: in
// registers, there would be too few of them left to order the instructions well.
__device__ void KeepHash(const Sha256State& state, uint4 (&hashes)[2][kTreeThreads]) {
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    hashes[i][threadIdx.x] =
        make_uint4(state.h[4 * i], state.h[4 * i + 1], state.h[4 * i + 2], state.h[4 * i + 3]);
  }
}
__device__ Sha256State KeptHash(const uint4 (&hashes)[2][kTreeThreads]) {
  Sha256State state;
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const uint4 half = hashes[i][threadIdx.x];
    state.h[4 * i] = half.x;
    state.h[4 * i + 1] = half.y;
    state.h[4 * i + 2] = half.z;
    state.h[4 * i + 3] = half.w;
  }
  return state;
}

// Begins to copy one SHA-256 block of each of 32 leaves, from `from` on.
__device__ void Stage(const std::uint8_t* from, std::uint32_t leaf_bytes, std::uint32_t lane,
                      uint4* chunks) {
#pragma unroll
  for (std::uint32_t i = 0; i < 4; ++i) {
    const StagedChunk carried = CarriedChunk(lane, i);
    __pipeline_memcpy_async(chunks + StagedAt(carried),
                            from + carried.lane * leaf_bytes + carried.chunk * 16, 16);
  }
  __pipeline_commit();
}

// One thread a leaf. While a block is hashed the next one is on its way to shared memory.
__global__ void __maxnreg__(kRegisters)
    HashLeaves(const std::uint8_t* state, std::uint32_t leaf_bytes, std::uint32_t leaves,
               uint4* digests, const volatile std::uint32_t* stop) {
  __shared__ uint4 staged[kTreeThreads / kLanes][kStagedChunks];
  __shared__ uint4 hashes[2][kTreeThreads];
  const std::uint32_t lane = threadIdx.x % kLanes;
  uint4* const chunks = staged[threadIdx.x / kLanes];
  if (Stopped(stop)) return;

  const std::uint32_t stride = gridDim.x * kTreeThreads;
  // The first leaf of the warp.
  std::uint32_t first = blockIdx.x * kTreeThreads + (threadIdx.x - lane);
  Stage(state + std::size_t{first} * leaf_bytes, leaf_bytes, lane, chunks);
  for (; first < leaves; first += stride) {
    KeepHash(Sha256State(), hashes);
    for (std::uint32_t at = 0; at <= leaf_bytes; at += kBlockBytes) {
      std::uint32_t words[16];
      if (at < leaf_bytes) {
        __pipeline_wait_prior(0);
        __syncwarp();
#pragma unroll
        for (std::uint32_t i = 0; i < 4; ++i) SetWords(chunks[StagedAt({lane, i})], i, words);
        __syncwarp();
        const bool last = at + kBlockBytes == leaf_bytes;
        const std::uint32_t next = last ? first + stride : first;
        if (next < leaves) {
          Stage(state + std::size_t{next} * leaf_bytes + (last ? 0 : at + kBlockBytes), leaf_bytes,
                lane, chunks);
        }
      } else {
        PadSha256(leaf_bytes, words);
      }
      Sha256State rounds = KeptHash(hashes);
      Sha256Rounds(rounds.h, words);
      __syncwarp();
      const Sha256State before = KeptHash(hashes);
#pragma unroll
      for (int i = 0; i < 8; ++i) rounds.h[i] += before.h[i];
      KeepHash(rounds, hashes);
    }
    StoreDigest(KeptHash(hashes), digests + std::size_t{first + lane} * 2);
  }
}

// The inner nodes above a group of nodes, all levels of them. What one level writes the next one
// reads: through the L1 and L2 caches, which costs a tenth of hashing it.
__global__ void __maxnreg__(kRegisters)
    HashNodes(std::uint32_t leaves, Reduction reduction, uint4* digests,
              const volatile std::uint32_t* stop) {
  if (Stopped(stop)) return;
  for (std::uint32_t i = 1; reduction.group >> i > 0; ++i) {
    const ReductionStep step = StepOf(reduction, blockIdx.x, i);
    for (std::uint32_t k = threadIdx.x; k < step.nodes; k += kTreeThreads) {
      const std::uint32_t index = step.first + k;
      const uint4* const children =
          digests + std::size_t{DigestPlace(leaves, step.level - 1, 2 * index)} * 2;
      std::uint32_t words[16];
#pragma unroll
      for (std::uint32_t j = 0; j < 4; ++j) SetWords(children[j], j, words);
      StoreDigest(Sha256OfBlock(words),
                  digests + std::size_t{DigestPlace(leaves, step.level, index)} * 2);
    }
    __syncthreads();
  }
}

// An SM has one memory for L1 cache and shared memory, and can move the border only while nothing
// runs on it. The matmul wants all it can get: a block that came first and wanted less would keep
// it waiting.
template <typename Kernel>
cudaError_t SplitLikeMatmul(Kernel* kernel) {
  return cudaFuncSetAttribute(kernel, cudaFuncAttributePreferredSharedMemoryCarveout,
                              cudaSharedmemCarveoutMaxShared);
}

}  // namespace

cudaError_t LaunchTree(const std::int8_t* state, std::uint32_t n, std::uint8_t* digests,
                       const volatile std::uint32_t* stop, cudaStream_t stream) {
  int gpu = 0, processors = 0;
  cudaError_t error = cudaGetDevice(&gpu);
  if (error != cudaSuccess) return error;
  error = cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, gpu);
  if (error != cudaSuccess) return error;
  error = SplitLikeMatmul(HashLeaves);
  if (error != cudaSuccess) return error;
  error = SplitLikeMatmul(HashNodes);
  if (error != cudaSuccess) return error;

  const std::uint32_t most_blocks = static_cast<std::uint32_t>(processors);
  const std::uint32_t leaves = LeavesOf(n);
  const std::uint32_t blocks = std::min(leaves / kTreeThreads, most_blocks);
  const auto* const from = reinterpret_cast<const std::uint8_t*>(state);
  auto* const to = reinterpret_cast<uint4*>(digests);
  HashLeaves<<<blocks, kTreeThreads, 0, stream>>>(from, LeafBytes(n), leaves, to, stop);
  std::uint32_t level = 0;
  while (level < RootLevel(leaves)) {
    const Reduction reduction = ReductionFrom(leaves, level, most_blocks);
    HashNodes<<<reduction.blocks, kTreeThreads, 0, stream>>>(leaves, reduction, to, stop);
    level = LevelAfter(reduction);
  }
  return cudaGetLastError();
}

}  // namespace kaisar::kernels
