#include "kernels/cuda/launch.h"

namespace kaisar::kernels {

cudaError_t LaunchGenerate(const std::array<std::uint8_t, 32>&, std::uint32_t, std::uint32_t,
                           std::int8_t*, cudaStream_t) {
  return cudaErrorNotSupported;
}

}  // namespace kaisar::kernels
