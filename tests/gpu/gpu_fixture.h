#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "tests/gpu/device_buffer.h"

namespace kaisar::kernels {

using Matrix8 = std::vector<std::int8_t>;

/// Uses the first GPU. Without one the test is skipped, or fails with KAISAR_REQUIRE_GPU=1.
class GpuTest : public ::testing::Test {
 protected:
  void SetUp() override;

  /// 10 · major + minor.
  static int ComputeCapability();
  /// Sizes up to `most`, powers of two from 256; KAISAR_GPU_LARGEST_N sets a lower limit.
  static std::vector<std::uint32_t> Sizes(std::uint32_t most);
  /// `times`, or a few when compute-sanitizer slows everything down (KAISAR_GPU_WATCHED=1).
  static int Repetitions(int times);
};

/// From the operating system: no two runs see the same.
Digest RandomSeed();
Matrix8 RandomMatrix(std::uint32_t n);

/// A matrix on the GPU; fails the test when there is no memory for it.
DeviceBuffer OnGpu(const Matrix8& matrix);
DeviceBuffer PoisonedBuffer(std::size_t bytes);
/// All of a buffer.
Matrix8 FromGpu(const DeviceBuffer& buffer);

/// Reports how many elements differ, and the first, by row and column.
::testing::AssertionResult Same(const Matrix8& expected, const Matrix8& found, std::uint32_t n);
::testing::AssertionResult GuardsStand(const DeviceBuffer& buffer);
/// Waits for the GPU, and tells of errors of kernels.
::testing::AssertionResult Done(cudaError_t launched);

}  // namespace kaisar::kernels
