#include "kernels/cuda/launch.h"

namespace kaisar::kernels {

cudaError_t LaunchTree(const std::int8_t*, std::uint32_t, std::uint8_t*,
                       const volatile std::uint32_t*, cudaStream_t) {
  return cudaErrorNotSupported;
}

}  // namespace kaisar::kernels
