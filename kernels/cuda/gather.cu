#include "kernels/cuda/launch.h"

namespace kaisar::kernels {

cudaError_t LaunchGather(const CopyOrder*, std::size_t, cudaStream_t) {
  return cudaErrorNotSupported;
}

}  // namespace kaisar::kernels
