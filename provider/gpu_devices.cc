#include "provider/gpu_devices.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kernels/gpu_selector.h"

namespace kaisar::provider {
namespace {

// deploy/policy.yaml: n of the large GPUs.
constexpr std::uint32_t kTypicalN = 16384;
// Left to the driver, to CUDA's own context and to a desktop.
constexpr std::uint64_t kSparePart = 20;

absl::Status At(const DeviceConfig& device, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("device ", device.id, ", gpu ", device.gpu, ": ",
                                                  status.message()));
}

absl::StatusOr<kernels::GpuListing> Find(const std::vector<kernels::GpuListing>& gpus,
                                         const std::string& selector, const GpuSource& source) {
  // Without any, opening knows best why: there may be no driver.
  if (gpus.empty()) RETURN_IF_ERROR(source.open(selector).status());
  return kernels::FindGpu(gpus, selector);
}

}  // namespace

GpuSource MachineGpus() {
  return {kernels::ListGpus, kernels::OpenGpu};
}

absl::StatusOr<OpenedGpu> OpenGpu(const std::string& selector, const GpuSource& source) {
  ASSIGN_OR_RETURN(const std::vector<kernels::GpuListing> gpus, source.list());
  OpenedGpu opened;
  ASSIGN_OR_RETURN(opened.listing, Find(gpus, selector, source));
  ASSIGN_OR_RETURN(opened.gpu, source.open(opened.listing.uuid));
  return opened;
}

absl::StatusOr<std::map<std::uint32_t, OpenedGpu>> OpenGpus(
    const std::vector<DeviceConfig>& devices, const GpuSource& source) {
  std::map<std::uint32_t, OpenedGpu> opened;
  std::map<std::string, const DeviceConfig*> by_uuid;
  for (const DeviceConfig& device : devices) {
    if (device.gpu.empty()) continue;
    const absl::StatusOr<std::vector<kernels::GpuListing>> gpus = source.list();
    if (!gpus.ok()) return At(device, gpus.status());
    absl::StatusOr<kernels::GpuListing> listing = Find(*gpus, device.gpu, source);
    if (!listing.ok()) return At(device, listing.status());
    const auto [other, first] = by_uuid.emplace(listing->uuid, &device);
    if (!first) {
      return At(device, absl::InvalidArgumentError(absl::StrCat(
                            "device ", other->second->id, " has the same GPU, as ",
                            other->second->gpu, ": ", listing->uuid, " at ", listing->pci_id)));
    }
    opened[device.id].listing = *std::move(listing);
  }
  // Only when all are told apart: opening one takes a moment and some of its memory.
  for (const DeviceConfig& device : devices) {
    if (device.gpu.empty()) continue;
    OpenedGpu& entry = opened.at(device.id);
    absl::StatusOr<std::unique_ptr<kernels::Gpu>> gpu = source.open(entry.listing.uuid);
    if (!gpu.ok()) return At(device, gpu.status());
    entry.gpu = *std::move(gpu);
  }
  return opened;
}

std::uint64_t StateMemoryBytes(const OpenedGpu& opened) {
  const std::uint64_t total = opened.listing.total_bytes;
  const std::uint64_t budget = total - total / kSparePart;
  const std::uint64_t one = opened.gpu->ProofBytes(kTypicalN, 1);
  const std::uint64_t round = opened.gpu->ProofBytes(kTypicalN, 2) - one;
  const std::uint64_t fixed = one - round;
  if (budget <= fixed || round == 0) return 0;
  constexpr std::uint64_t kState = std::uint64_t{kTypicalN} * kTypicalN;
  const std::uint64_t left = budget - fixed;
  // In two steps, since the product with all of `left` would not fit.
  return left / round * kState + left % round * kState / round;
}

}  // namespace kaisar::provider
