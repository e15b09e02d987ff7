#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "kernels/cuda/launch.h"
#include "tests/gpu/gpu_fixture.h"
#include "tests/gpu/round_caller.h"

namespace kaisar::kernels {

inline constexpr RoundPath kEveryPath[] = {RoundPath::kPlain, RoundPath::kMma, RoundPath::kWgmma,
                                           RoundPath::kBf16};
/// For the messages of tests.
void PrintTo(RoundPath path, std::ostream* out);
/// For the names of tests: letters and digits only.
std::string NameOfParam(const ::testing::TestParamInfo<RoundPath>& path);

/// A test of each path that the GPU runs; the others are skipped.
class RoundTest : public GpuTest, public ::testing::WithParamInterface<RoundPath> {
 protected:
  void SetUp() override;

  /// Gets ready for rounds of W.
  void Begin(const Matrix8& w, std::uint32_t n);
  /// next = round(z), waited for; `next` is poisoned before, its guards are checked after.
  void Run(const DeviceBuffer& z, DeviceBuffer& next);
  /// The same without poison, wait or check.
  cudaError_t Enqueue(const DeviceBuffer& z, const DeviceBuffer& next, cudaStream_t stream);
  /// The round of one state on the GPU.
  Matrix8 RoundOf(const Matrix8& z);

  std::uint32_t Inexact() const;
  StopFlag& stop() { return *stop_; }

 private:
  std::uint32_t n_ = 0;
  DeviceBuffer w_;
  std::optional<RoundCaller> caller_;
  std::optional<StopFlag> stop_;
};

}  // namespace kaisar::kernels
