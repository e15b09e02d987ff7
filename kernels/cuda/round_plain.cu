#include "kernels/cuda/launch.h"

namespace kaisar::kernels {

cudaError_t LaunchPlainRound(const RoundArguments&, cudaStream_t) {
  return cudaErrorNotSupported;
}

}  // namespace kaisar::kernels
