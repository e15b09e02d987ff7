#include "kernels/cuda/launch.h"

namespace kaisar::kernels {

cudaError_t LaunchWgmmaRound(const RoundArguments&, cudaStream_t) {
  return cudaErrorNotSupported;
}

}  // namespace kaisar::kernels
