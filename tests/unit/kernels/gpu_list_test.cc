// On any machine and in any build: with and without CUDA, a driver or a GPU.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/gpu.h"

namespace kaisar::kernels {
namespace {

using ::testing::AnyOf;

TEST(GpuList, SaysWhatIsThereOrWhyItCannotBeKnown) {
  const auto gpus = ListGpus();
  if (!gpus.ok()) {
    EXPECT_EQ(gpus.status().code(), absl::StatusCode::kFailedPrecondition) << gpus.status();
    EXPECT_FALSE(gpus.status().message().empty());
    return;
  }
  for (const GpuListing& gpu : *gpus) {
    EXPECT_EQ(gpu.uuid.size(), 40u) << gpu.uuid;
    EXPECT_GE(gpu.compute_capability, 50);
    EXPECT_GT(gpu.total_bytes, 0u);
  }
}

TEST(GpuList, OpensNoGpuThatIsNotThereAndSaysWhy) {
  const auto gpu = OpenGpu("GPU-00000000-0000-0000-0000-000000000000");
  EXPECT_THAT(gpu.status().code(),
              AnyOf(absl::StatusCode::kFailedPrecondition, absl::StatusCode::kNotFound))
      << gpu.status();
  EXPECT_FALSE(gpu.status().message().empty());
  const auto nothing = OpenGpu("the large one");
  EXPECT_THAT(nothing.status().code(),
              AnyOf(absl::StatusCode::kFailedPrecondition, absl::StatusCode::kInvalidArgument))
      << nothing.status();
}

}  // namespace
}  // namespace kaisar::kernels
