// What kernels/cuda/gpu_list.cc offers, in a build without CUDA.
#include "kernels/gpu.h"

namespace kaisar::kernels {
namespace {

absl::Status WithoutCuda() {
  return absl::FailedPreconditionError("this program was built without CUDA");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Gpu>> OpenGpu(const std::string&) {
  return WithoutCuda();
}

absl::StatusOr<std::vector<GpuListing>> ListGpus() {
  return WithoutCuda();
}

}  // namespace kaisar::kernels
