#pragma once

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/descriptor.h"
#include "kernels/gpu.h"

namespace kaisar::kernels {

/// Opens a GPU and proves on it for the other end of a socket (kernels/gpu_frames.h), until that is
/// closed or the GPU fails: whoever wants to go on needs another process then.
///
/// Result: why it ended: Unavailable when the other end is closed; what became of the GPU, which
/// the
///         other end was told; DataLoss when it asked what nobody may ask.
/// Threads: blocks the one that calls it.
absl::Status ServeGpu(Descriptor socket,
                      const std::function<absl::StatusOr<std::unique_ptr<Gpu>>()>& open);

}  // namespace kaisar::kernels
