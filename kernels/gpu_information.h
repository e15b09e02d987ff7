#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace kaisar::kernels {

/// What the driver says of a GPU. A figure that the GPU does not have, or that could not be read,
/// is absent; so is a text that is empty. Texts are printable, at most 96 bytes.
struct GpuInformation {
  std::string name;    // "NVIDIA H100 80GB HBM3"
  std::string uuid;    // "GPU-…"
  std::string pci_id;  // "0000:65:00.0"
  std::string driver;  // version
  std::optional<std::uint64_t> memory_total_bytes;
  std::optional<std::uint64_t> memory_free_bytes;
  std::optional<bool> ecc_enabled;
  std::optional<std::uint64_t> ecc_errors;  // uncorrected, since the driver was loaded
  std::optional<std::uint32_t> sm_clock_mhz;
  std::optional<std::uint32_t> most_sm_clock_mhz;
  std::optional<std::uint32_t> memory_clock_mhz;
  std::optional<std::uint32_t> most_memory_clock_mhz;
  std::optional<std::uint32_t> power_mw;
  std::optional<std::uint32_t> power_limit_mw;
  std::optional<std::uint32_t> temperature_c;
  std::optional<std::uint32_t> utilization_percent;  // of the last second or less
};

/// Reads what the driver knows of GPUs: NVML, NVIDIA's management library, which comes with the
/// driver and is opened while the program runs. Reading disturbs nothing that a GPU computes.
///
/// Threads: Read from any thread.
class GpuInformationReader {
 public:
  /// Opens the library, by name where the system keeps it or at a path.
  ///
  /// Errors: NotFound when there is none, FailedPrecondition when it is not NVML or finds no
  ///         driver; with the reason.
  static absl::StatusOr<std::unique_ptr<GpuInformationReader>> Open(
      const std::string& library = "libnvidia-ml.so.1");
  virtual ~GpuInformationReader() = default;

  /// Reads about a GPU by its UUID or PCI id.
  ///
  /// Errors: NotFound when there is no such GPU; Unavailable when it is lost, or the driver fails
  ///         in another way.
  /// Cost:   a millisecond; more when the driver is busy, and what the driver takes when it hangs.
  virtual absl::StatusOr<GpuInformation> Read(const std::string& gpu) const = 0;
};

}  // namespace kaisar::kernels
