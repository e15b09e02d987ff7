#pragma once

/// Marks a function that is compiled for the GPU by nvcc, and for the CPU by every compiler: the
/// same text is tested on machines without a GPU.
#if defined(__CUDACC__)
#define KAISAR_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define KAISAR_HOST_DEVICE inline
#endif
