#pragma once

#include <cstdint>

#include "kernels/cuda/mma_fragments.h"

// The instructions of PTX that the mma paths are made of, one function each. For nvcc only.

namespace kaisar::kernels {

/// An address in shared memory, as PTX takes it.
__device__ __forceinline__ std::uint32_t SharedAddress(const void* pointer) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(pointer));
}

/// ldmatrix.x4; see mma_fragments.h for which lane points where.
__device__ __forceinline__ void LoadSquares(std::uint32_t shared_address,
                                            std::uint32_t (&registers)[4]) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(registers[0]), "=r"(registers[1]), "=r"(registers[2]), "=r"(registers[3])
               : "r"(shared_address)
               : "memory");
}

/// Begins to copy 16 bytes, if `wanted`: a predicate, so that the loop around it has no branch and
/// its instructions can be mixed. The L2 cache is told that the rest of the 128 bytes follows soon.
__device__ __forceinline__ void CopyChunk(std::uint32_t shared_address, const void* from,
                                          bool wanted) {
#if __CUDA_ARCH__ >= 800
  asm volatile(
      "{\n"
      ".reg .pred wanted;\n"
      "setp.ne.b32 wanted, %2, 0;\n"
      "@wanted cp.async.cg.shared.global.L2::128B [%0], [%1], 16;\n"
      "}" ::"r"(shared_address),
      "l"(from), "r"(static_cast<std::uint32_t>(wanted))
      : "memory");
#endif
}

/// What was begun since the last call is one group.
__device__ __forceinline__ void CloseGroup() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

/// Waits until all but the latest `kLeft` groups of this thread have arrived.
template <int kLeft>
__device__ __forceinline__ void WaitForGroups() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory");
#endif
}

/// sums += w · z, 16×8 from 16×32 and 8×32 int8: exact, in int32.
__device__ __forceinline__ void Multiply(const std::uint32_t (&w)[4], const std::uint32_t* z,
                                         std::int32_t (&sums)[4]) {
#if __CUDA_ARCH__ >= 800
  asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3])
      : "r"(w[0]), "r"(w[1]), "r"(w[2]), "r"(w[3]), "r"(z[0]), "r"(z[1]));
#else
#pragma unroll
  for (std::uint32_t index = 0; index < 4; ++index) {
    const QuarterProduct quarter = QuarterOf(index);
    asm("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%0, %1}, {%2}, {%3}, {%0, %1};"
        : "+r"(sums[2 * quarter.half]), "+r"(sums[2 * quarter.half + 1])
        : "r"(w[quarter.w]), "r"(z[quarter.z]));
  }
#endif
}

/// sums += w · z, 16×8 from 16×16 and 8×16 bf16, in fp32.
__device__ __forceinline__ void Multiply(const std::uint32_t (&w)[4], const std::uint32_t* z,
                                         float (&sums)[4]) {
#if __CUDA_ARCH__ >= 800
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(w[0]), "r"(w[1]), "r"(w[2]), "r"(w[3]), "r"(z[0]), "r"(z[1]));
#endif
}

}  // namespace kaisar::kernels
