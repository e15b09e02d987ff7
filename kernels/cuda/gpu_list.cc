#include <cuda_runtime_api.h>

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "kernels/cuda/cuda_gpu.h"
#include "kernels/gpu_selector.h"

namespace kaisar::kernels {
namespace {

// "13.0" of 13000.
std::string VersionOf(int number) {
  return absl::StrCat(number / 1000, ".", number % 1000 / 10);
}

// 0 when there is no driver.
int DriverVersion() {
  int version = 0;
  if (cudaDriverGetVersion(&version) != cudaSuccess) version = 0;
  return version;
}

// GPUs that the driver counts.
absl::StatusOr<int> CountGpus() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaSuccess) return count;
  cudaGetLastError();
  const int driver = DriverVersion();
  if (error == cudaErrorNoDevice || driver == 0) return 0;
  int runtime = 0;
  cudaRuntimeGetVersion(&runtime);
  if (error == cudaErrorInsufficientDriver) {
    return absl::FailedPreconditionError(
        absl::StrCat("the GPU's driver is too old: it is for CUDA up to ", VersionOf(driver),
                     ", this program needs ", VersionOf(runtime)));
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "counting GPUs failed: ", cudaGetErrorName(error), " (", cudaGetErrorString(error),
      "), driver for CUDA up to ", VersionOf(driver), ", runtime ", VersionOf(runtime)));
}

// As nvidia-smi prints it.
std::string UuidOf(const cudaUUID_t& uuid) {
  std::string text = "GPU";
  for (int i = 0; i < 16; ++i) {
    const bool begins_group = i == 0 || i == 4 || i == 6 || i == 8 || i == 10;
    absl::StrAppendFormat(&text, "%s%02x", begins_group ? "-" : "",
                          static_cast<unsigned char>(uuid.bytes[i]));
  }
  return text;
}

struct Found {
  int device = 0;  // CUDA's index
  GpuListing listing;
};

// Those that answer: one that is broken must not hide the others.
absl::StatusOr<std::vector<Found>> FindGpus() {
  ASSIGN_OR_RETURN(const int count, CountGpus());
  std::vector<Found> found;
  for (int device = 0; device < count; ++device) {
    cudaDeviceProp properties{};
    char pci_id[32] = {};
    if (cudaGetDeviceProperties(&properties, device) != cudaSuccess ||
        cudaDeviceGetPCIBusId(pci_id, sizeof(pci_id), device) != cudaSuccess) {
      cudaGetLastError();
      continue;
    }
    found.push_back({device,
                     {.uuid = UuidOf(properties.uuid),
                      .pci_id = absl::AsciiStrToLower(pci_id),
                      .name = properties.name,
                      .compute_capability = 10 * properties.major + properties.minor,
                      .total_bytes = properties.totalGlobalMem}});
  }
  return found;
}

std::vector<GpuListing> ListingsOf(const std::vector<Found>& found) {
  std::vector<GpuListing> listings;
  for (const Found& gpu : found) listings.push_back(gpu.listing);
  return listings;
}

}  // namespace

absl::StatusOr<std::vector<GpuListing>> ListGpus() {
  ASSIGN_OR_RETURN(const std::vector<Found> found, FindGpus());
  return ListingsOf(found);
}

absl::StatusOr<std::unique_ptr<Gpu>> OpenGpu(const std::string& selector) {
  const absl::Status form = NormalGpuSelector(selector).status();
  if (form.ok() && DriverVersion() == 0) {
    return absl::FailedPreconditionError("there is no driver for NVIDIA GPUs on this machine");
  }
  ASSIGN_OR_RETURN(const std::vector<Found> found, FindGpus());
  ASSIGN_OR_RETURN(const GpuListing chosen, FindGpu(ListingsOf(found), selector));
  int device = 0;
  for (const Found& gpu : found) {
    if (gpu.listing.uuid == chosen.uuid) device = gpu.device;
  }
  absl::StatusOr<std::unique_ptr<Gpu>> gpu = MakeCudaGpu(device);
  if (gpu.ok()) return gpu;
  return absl::Status(gpu.status().code(),
                      absl::StrCat("GPU ", chosen.uuid, ": ", gpu.status().message()));
}

}  // namespace kaisar::kernels
