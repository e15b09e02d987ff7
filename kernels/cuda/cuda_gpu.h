#pragma once

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "kernels/cuda/launch.h"
#include "kernels/gpu.h"

namespace kaisar::kernels {

/// The GPU of an index of CUDA's, on the path that suits it best or on one that is given. A GPU is
/// open once at a time in a process, whose proofs on it would only wait for each other.
///
/// Errors: AlreadyExists; InvalidArgument when the GPU cannot run the path; Unavailable.
absl::StatusOr<std::unique_ptr<Gpu>> MakeCudaGpu(int device,
                                                 std::optional<RoundPath> path = std::nullopt);

}  // namespace kaisar::kernels
