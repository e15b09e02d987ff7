#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kernels/gpu.h"

namespace kaisar::kernels {

/// Brings what names a GPU into its one form: "any"; a UUID, "GPU-…" with small letters; a PCI id,
/// "0000:65:00.0", also from the forms of lspci ("65:00.0") and nvidia-smi ("00000000:65:00.0").
///
/// Errors: InvalidArgument, with the forms.
absl::StatusOr<std::string> NormalGpuSelector(absl::string_view text);

/// The GPU that a selector names, among those that are there.
///
/// Errors: InvalidArgument for no selector; NotFound, naming those that are there, when it is none
///         of them, or is "any" and they are several.
absl::StatusOr<GpuListing> FindGpu(const std::vector<GpuListing>& gpus, absl::string_view selector);

}  // namespace kaisar::kernels
