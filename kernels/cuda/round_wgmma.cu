#include <cuda.h>

#include <algorithm>
#include <cstdint>

#include "kernels/cuda/hopper.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/tile_raster.h"
#include "kernels/element_of_sum.h"

// A round on Hopper. Two blocks on neighbouring SMs (a cluster) compute a tile of 256×256 elements
// of `next`, each of them 128 rows. In each block one warp keeps the copy engine (TMA) loading
// operands into a ring of stages, and two warpgroups multiply what has arrived:
//
//   stage = 128 rows of W × 128 bytes of k   (this block's own)
//         + 256 rows of Z × 128 bytes of k   (each block loads one half for both: multicast)
//
// The sums stay in registers for the whole of k; the epilogue turns them into elements. Blocks are
// persistent: the loads of a block's next tile run while it still stores the one before.

namespace kaisar::kernels {
namespace {

constexpr std::uint32_t kBlocksPerCluster = 2;
constexpr std::uint32_t kTile = 256;        // rows and columns of a cluster's tile
constexpr std::uint32_t kBlockRows = 128;   // of the tile, per block
constexpr std::uint32_t kStageDepth = 128;  // bytes of k in a stage: the widest swizzle
constexpr std::uint32_t kStages = 4;
constexpr std::uint32_t kBoxRows = 128;  // rows that one copy brings
constexpr std::uint32_t kStageBytes = (kBlockRows + kTile) * kStageDepth;
constexpr std::uint32_t kThreads = 3 * 128;  // the producer and two consumers
// The copy engine's swizzle wants 1024 bytes of alignment.
constexpr std::uint32_t kSharedBytes = kStages * kStageBytes + 1024;
// 152 registers × 384 threads leave 56 × 128 in the SM: room for a block that hashes the state
// before (kernels/cuda/tree.cu). Most of them go to the consumers, which hold 128 sums each. That
// is why they multiply by halves of the tile: ptxas takes the instruction for all 256 columns only
// with 154 registers or more, and on an H100 it is no faster by more than 2 %.
constexpr int kRegisters = 152;

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

constexpr int kProducerRegisters = 24;
constexpr int kConsumerRegisters = 216;
static_assert(kProducerRegisters + 2 * kConsumerRegisters <= 3 * kRegisters);
constexpr std::uint32_t kConsumerRows = 64;
constexpr std::uint32_t kBoxBytes = kBoxRows * kStageDepth;
// From the left half of Z's rows to the right one, as wgmma counts.
constexpr std::uint64_t kRightHalf = 128 * kStageDepth >> 4;
// Tiles that go down before one goes right: 66 clusters share about 8 × 8 tiles.
constexpr std::uint32_t kBand = 8;

struct Ring {
  std::uint32_t stages;  // shared address of stage 0
  std::uint32_t full;    // … of barrier 0 of each kind; 8 bytes each
  std::uint32_t empty;
};

__device__ __forceinline__ void Produce(const CUtensorMap* w, const CUtensorMap* z,
                                        const Ring& ring, std::uint32_t n, std::uint32_t rank) {
  const std::uint32_t side = n / kTile;
  std::uint32_t stage = 0, parity = 0;
  for (std::uint32_t tile = blockIdx.x / kBlocksPerCluster; tile < side * side;
       tile += gridDim.x / kBlocksPerCluster) {
    const TilePlace place = TileOf(tile, side, side, kBand);
    const std::uint32_t w_row = place.down * kTile + rank * kBlockRows;
    const std::uint32_t z_row = place.across * kTile + rank * kBoxRows;
    for (std::uint32_t k = 0; k < n; k += kStageDepth) {
      const std::uint32_t full = ring.full + 8 * stage;
      const std::uint32_t to = ring.stages + stage * kStageBytes;
      // All consumers of both blocks have let go of the stage: this block writes into both.
      hopper::BarrierWait(ring.empty + 8 * stage, parity ^ 1);
      hopper::BarrierExpect(full, kStageBytes);
      hopper::LoadBox(to, w, full, k, w_row);
      hopper::LoadBoxInto(0b11, to + kBoxBytes + rank * kBoxBytes, z, full, k, z_row);
      if (++stage == kStages) {
        stage = 0;
        parity ^= 1;
      }
    }
  }
}

/// Two sums of neighbouring columns as two elements, in the lower half (the upper one is noise):
/// ElementFromSum twice, in three instructions.
__device__ __forceinline__ std::uint32_t ElementPair(std::int32_t left, std::int32_t right) {
  return __byte_perm(static_cast<std::uint32_t>(left) * kElementMultiplier,
                     static_cast<std::uint32_t>(right) * kElementMultiplier, 0x0073);
}

/// Stores a warpgroup's 64×256 elements. The four lanes of a quad hold two columns of each group of
/// eight; they swap so that each has eight neighbours of one row, and store 32 bytes together.
///
/// `to` is the warp's row 0, column 0 of the tile.
__device__ __forceinline__ void StoreTile(const std::int32_t (&sums)[2][64], std::int8_t* to,
                                          std::uint32_t n) {
  const std::uint32_t lane = threadIdx.x % 32;
  const std::uint32_t quad = lane % 4;
  std::int8_t* const row = to + std::size_t{lane / 4} * n + 8 * quad;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
#pragma unroll
    for (int j = 0; j < 32; j += 4) {
      const auto pair = [&](int i) {
        const std::int32_t* const four = &sums[j / 16][4 * ((j + i) % 16)];
        return ElementPair(four[2 * half], four[2 * half + 1]);
      };
      // Groups j, j + 1 and j + 2, j + 3 of this lane's columns.
      const std::uint32_t low = __byte_perm(pair(0), pair(1), 0x5410);
      const std::uint32_t high = __byte_perm(pair(2), pair(3), 0x5410);
      // After this, lanes 0 and 1 have groups j and j + 1 of two lanes, 2 and 3 the others.
      const bool upper = (quad & 2) != 0;
      const std::uint32_t got = __shfl_xor_sync(0xFFFFFFFF, upper ? low : high, 2);
      const std::uint32_t near = upper ? got : low;  // of lane quad & 1
      const std::uint32_t far = upper ? high : got;  // of lane quad & 1 | 2
      // And after this each lane has one group, of all four lanes.
      const bool odd = (quad & 1) != 0;
      const std::uint32_t keep = __byte_perm(near, far, odd ? 0x7632 : 0x5410);
      const std::uint32_t give = __byte_perm(near, far, odd ? 0x5410 : 0x7632);
      const std::uint32_t came = __shfl_xor_sync(0xFFFFFFFF, give, 1);
      const std::uint32_t even_lane = odd ? came : keep;
      const std::uint32_t odd_lane = odd ? keep : came;
      const uint2 eight = make_uint2(__byte_perm(even_lane, odd_lane, 0x5410),
                                     __byte_perm(even_lane, odd_lane, 0x7632));
      *reinterpret_cast<uint2*>(row + std::size_t{8} * half * n + 8 * j) = eight;
    }
  }
}

__device__ __forceinline__ void Consume(const Ring& ring, std::int8_t* next, std::uint32_t n,
                                        std::uint32_t rank, std::uint32_t consumer) {
  const std::uint32_t side = n / kTile;
  const std::uint32_t thread = threadIdx.x % 128;
  std::uint32_t stage = 0, parity = 0;
  // One thread of a warpgroup tells each block of the cluster that a stage is free.
  const auto release = [&](std::uint32_t freed) {
    if (thread < kBlocksPerCluster) {
      hopper::BarrierArriveCluster(hopper::AddressInBlock(ring.empty + 8 * freed, thread));
    }
  };
  for (std::uint32_t tile = blockIdx.x / kBlocksPerCluster; tile < side * side;
       tile += gridDim.x / kBlocksPerCluster) {
    std::int32_t sums[2][64];  // left and right half of the tile
    std::uint32_t before = 0;
    for (std::uint32_t k = 0; k < n; k += kStageDepth) {
      const std::uint32_t w = ring.stages + stage * kStageBytes;
      hopper::BarrierWait(ring.full + 8 * stage, parity);
      const std::uint64_t a = hopper::OperandOf(w + consumer * kConsumerRows * kStageDepth);
      const std::uint64_t b = hopper::OperandOf(w + kBoxBytes);
      hopper::ProductsBegin();
#pragma unroll
      for (std::uint32_t i = 0; i < kStageDepth / 32; ++i) {
        hopper::Product64x128(sums[0], a + 2 * i, b + 2 * i, k + i);
        hopper::Product64x128(sums[1], a + 2 * i, b + kRightHalf + 2 * i, k + i);
      }
      hopper::ProductsCommit();
      // The products of the stage before are done while these run.
      hopper::ProductsWait<1>();
      if (k > 0) release(before);
      before = stage;
      if (++stage == kStages) {
        stage = 0;
        parity ^= 1;
      }
    }
    hopper::ProductsWait<0>();
    release(before);
#pragma unroll
    for (int i = 0; i < 128; ++i) asm volatile("" : "+r"(sums[i / 64][i % 64])::"memory");
    const TilePlace place = TileOf(tile, side, side, kBand);
    const std::size_t row =
        place.down * kTile + rank * kBlockRows + consumer * kConsumerRows + thread / 32 * 16;
    StoreTile(sums, next + row * n + place.across * kTile, n);
  }
}

#endif  // __CUDA_ARCH_FEAT_SM90_ALL

__global__ void __maxnreg__(kRegisters)
    WgmmaRound(const __grid_constant__ CUtensorMap w, const __grid_constant__ CUtensorMap z,
               std::int8_t* next, std::uint32_t n, const volatile std::uint32_t* stop) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  extern __shared__ std::uint8_t shared[];
  __shared__ std::uint64_t full[kStages];
  __shared__ std::uint64_t empty[kStages];
  __shared__ std::uint32_t stopped;
  const std::uint32_t rank = hopper::RankInCluster();
  const Ring ring = {(hopper::SharedAddress(shared) + 1023) & ~1023U, hopper::SharedAddress(full),
                     hopper::SharedAddress(empty)};
  if (threadIdx.x == 0) {
    for (std::uint32_t i = 0; i < kStages; ++i) {
      hopper::BarrierInit(ring.full + 8 * i, 1);
      hopper::BarrierInit(ring.empty + 8 * i, 2 * kBlocksPerCluster);
    }
    stopped = *stop;
  }
  hopper::ClusterSync();
  // Both blocks go by what the first one saw: one alone would wait for the other for ever.
  const bool run =
      hopper::LoadFromCluster(hopper::AddressInBlock(hopper::SharedAddress(&stopped), 0)) == 0;
  if (run) {
    if (threadIdx.x < 128) {
      asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kProducerRegisters));
      if (threadIdx.x == 0) Produce(&w, &z, ring, n, rank);
      __syncwarp();
    } else {
      asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kConsumerRegisters));
      Consume(ring, next, n, rank, threadIdx.x / 128 - 1);
    }
  }
  // Nobody leaves while the other block may still write to its memory or look at its barriers.
  hopper::ClusterSync();
#endif
}

using EncodeTiled = CUresult (*)(CUtensorMap*, CUtensorMapDataType, cuuint32_t, void*,
                                 const cuuint64_t*, const cuuint64_t*, const cuuint32_t*,
                                 const cuuint32_t*, CUtensorMapInterleave, CUtensorMapSwizzle,
                                 CUtensorMapL2promotion, CUtensorMapFloatOOBfill);

/// Describes an n×n matrix to the copy engine, which brings kBoxRows rows of kStageDepth bytes.
cudaError_t Describe(const std::int8_t* matrix, std::uint32_t n, CUtensorMap& map) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found = cudaDriverEntryPointSymbolNotFound;
  const cudaError_t error = cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function,
                                                             12000, cudaEnableDefault, &found);
  if (error != cudaSuccess) return error;
  if (found != cudaDriverEntryPointSuccess) return cudaErrorInsufficientDriver;
  const cuuint64_t size[2] = {n, n};
  const cuuint64_t row_bytes[1] = {n};
  const cuuint32_t box[2] = {kStageDepth, kBoxRows};
  const cuuint32_t step[2] = {1, 1};
  const CUresult result = reinterpret_cast<EncodeTiled>(function)(
      &map, CU_TENSOR_MAP_DATA_TYPE_UINT8, 2, const_cast<std::int8_t*>(matrix), size, row_bytes,
      box, step, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
      CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  return result == CUDA_SUCCESS ? cudaSuccess : cudaErrorInvalidValue;
}

}  // namespace

cudaError_t LaunchWgmmaRound(const RoundArguments& arguments, cudaStream_t stream) {
  CUtensorMap w, z;
  cudaError_t error = Describe(arguments.w, arguments.n, w);
  if (error == cudaSuccess) error = Describe(arguments.z, arguments.n, z);
  int device = 0, processors = 0;
  if (error == cudaSuccess) error = cudaGetDevice(&device);
  if (error == cudaSuccess) {
    error = cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
  }
  if (error == cudaSuccess) {
    error =
        cudaFuncSetAttribute(WgmmaRound, cudaFuncAttributeMaxDynamicSharedMemorySize, kSharedBytes);
  }
  if (error == cudaSuccess) {
    error = cudaFuncSetAttribute(WgmmaRound, cudaFuncAttributePreferredSharedMemoryCarveout,
                                 cudaSharedmemCarveoutMaxShared);
  }
  if (error != cudaSuccess) return error;
  const std::uint32_t side = arguments.n / kTile;
  const std::uint32_t clusters =
      std::min(side * side, static_cast<std::uint32_t>(processors) / kBlocksPerCluster);
  cudaLaunchAttribute cluster;
  cluster.id = cudaLaunchAttributeClusterDimension;
  cluster.val.clusterDim = {kBlocksPerCluster, 1, 1};
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(clusters * kBlocksPerCluster);
  config.blockDim = dim3(kThreads);
  config.dynamicSmemBytes = kSharedBytes;
  config.stream = stream;
  config.attrs = &cluster;
  config.numAttrs = 1;
  return cudaLaunchKernelEx(&config, WgmmaRound, w, z, arguments.next, arguments.n, arguments.stop);
}

}  // namespace kaisar::kernels
