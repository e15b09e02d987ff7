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
  return {kernels::ListGpus, kernels::OpenGpu, [](const std::string& uuid) {
            kernels::GpuProcessOptions options;
            // Stays what it is when the file is replaced.
            options.argv = {"/proc/self/exe", "gpu-worker", "--gpu", uuid};
            options.gpu = uuid;
            return kernels::MakeGpuProcessEngine(std::move(options));
          }};
}

absl::StatusOr<std::unique_ptr<kernels::Gpu>> OpenGpu(const std::string& selector,
                                                      const GpuSource& source) {
  ASSIGN_OR_RETURN(const std::vector<kernels::GpuListing> gpus, source.list());
  ASSIGN_OR_RETURN(const kernels::GpuListing listing, Find(gpus, selector, source));
  return source.open(listing.uuid);
}

absl::StatusOr<std::map<std::uint32_t, StartedGpu>> StartGpus(
    const std::vector<DeviceConfig>& devices, const GpuSource& source) {
  std::map<std::uint32_t, StartedGpu> started;
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
    started[device.id].listing = *std::move(listing);
  }
  // Only when all are told apart: opening one takes a moment and some of its memory.
  for (const DeviceConfig& device : devices) {
    if (device.gpu.empty()) continue;
    StartedGpu& entry = started.at(device.id);
    auto engine = source.start(entry.listing.uuid);
    if (!engine.ok()) return At(device, engine.status());
    entry.engine = *std::move(engine);
  }
  return started;
}

absl::StatusOr<std::uint64_t> StateMemoryBytes(const StartedGpu& started) {
  const std::uint64_t total = started.listing.total_bytes;
  const std::uint64_t budget = total - total / kSparePart;
  ASSIGN_OR_RETURN(const std::uint64_t one, started.engine->ProofBytes(kTypicalN, 1));
  ASSIGN_OR_RETURN(const std::uint64_t two, started.engine->ProofBytes(kTypicalN, 2));
  if (two <= one || two - one > one) return 0;
  const std::uint64_t round = two - one;
  const std::uint64_t fixed = one - round;
  if (budget <= fixed) return 0;
  constexpr std::uint64_t kState = std::uint64_t{kTypicalN} * kTypicalN;
  const std::uint64_t left = budget - fixed;
  // In two steps, since the product with all of `left` would not fit.
  return left / round * kState + left % round * kState / round;
}

}  // namespace kaisar::provider
