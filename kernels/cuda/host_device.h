#pragma once

/// Marks a function that is compiled for the GPU by nvcc, and for the CPU by every compiler: the
/// same text is tested on machines without a GPU.
#if defined(__CUDACC__)
#define KAISAR_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define KAISAR_HOST_DEVICE inline
#endif

/// Before a loop: unrolled whole on the GPU, where arrays lie in registers only if every index is
/// known to the compiler.
#if defined(__CUDA_ARCH__)
#define KAISAR_UNROLL _Pragma("unroll")
#else
#define KAISAR_UNROLL
#endif
