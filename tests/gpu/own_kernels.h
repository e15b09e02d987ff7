#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

namespace kaisar::kernels {

// Kernels that no provider runs.

/// next[i] = ElementFromSum(sums[i]): what stands behind a library's product when it is not fused.
///
/// Shapes: `count` elements, a multiple of 16; both 16 bytes aligned.
cudaError_t LaunchSeparateEpilogue(const std::int32_t* sums, std::int8_t* next, std::size_t count,
                                   cudaStream_t stream);

/// Adds to `*differences` how many of `bytes` bytes differ, and puts the least index of one into
/// `*first`; both in device memory.
cudaError_t LaunchCompare(const std::uint8_t* a, const std::uint8_t* b, std::size_t bytes,
                          unsigned long long* differences, unsigned long long* first,
                          cudaStream_t stream);

/// A kernel that fails: all later calls of this process on the GPU fail.
cudaError_t LaunchTrap(cudaStream_t stream);

}  // namespace kaisar::kernels
