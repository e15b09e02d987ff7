#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "nlohmann/json.hpp"
#include "provider/commands.h"
#include "provider/gpu_class.h"
#include "provider/gpu_figures.h"

namespace kaisar::provider {
namespace {

constexpr std::uint64_t kMib = 1 << 20;

/// A GPU as it was found; `failure` is why it cannot be opened.
struct FoundGpu {
  kernels::GpuListing listing;
  kernels::GpuInformation information;
  std::string engine;
  absl::Status failure;
};

FoundGpu Look(const kernels::GpuListing& listing, const GpuSource& source,
              const kernels::GpuInformationReader* reader) {
  FoundGpu found{listing, FromListing(listing), "", absl::OkStatus()};
  if (reader != nullptr) {
    if (auto read = reader->Read(listing.uuid); read.ok()) found.information = *std::move(read);
  }
  const auto gpu = source.open(listing.uuid);
  if (gpu.ok()) {
    found.engine = (*gpu)->Description();
  } else {
    found.failure = gpu.status();
  }
  return found;
}

std::string Capability(int capability) {
  return std::to_string(capability / 10) + "." + std::to_string(capability % 10);
}

void PrintText(const FoundGpu& gpu, std::ostream& out) {
  const kernels::GpuInformation& said = gpu.information;
  out << gpu.listing.uuid << " at " << gpu.listing.pci_id << ": " << FromListing(gpu.listing).name
      << "\n";
  out << "  memory: " << said.memory_total_bytes.value_or(gpu.listing.total_bytes) / kMib << " MiB";
  if (said.memory_free_bytes.has_value()) out << ", " << *said.memory_free_bytes / kMib << " free";
  if (const std::string ecc = EccLine(said); !ecc.empty()) out << "; " << ecc;
  out << "\n  compute capability " << Capability(gpu.listing.compute_capability);
  if (!said.driver.empty()) out << ", driver " << said.driver;
  out << "\n";
  if (const std::string state = StateLine(said); !state.empty()) out << "  now: " << state << "\n";
  if (gpu.failure.ok()) {
    out << "  engine: " << gpu.engine << "\n";
  } else {
    out << "  cannot be opened: " << gpu.failure.message() << "\n";
  }
  if (const auto name = ProbableClass(gpu.listing.name); !name.empty()) {
    out << "  class: " << name << ", by its name\n";
  }
}

nlohmann::json ToJson(const FoundGpu& gpu) {
  const kernels::GpuInformation& said = gpu.information;
  nlohmann::json entry = {
      {"uuid", gpu.listing.uuid},
      {"pci_id", gpu.listing.pci_id},
      {"name", FromListing(gpu.listing).name},
      {"compute_capability", Capability(gpu.listing.compute_capability)},
      {"memory_total_bytes", said.memory_total_bytes.value_or(gpu.listing.total_bytes)}};
  const auto set = [&entry](const char* key, const auto& value) {
    if (value.has_value()) entry[key] = *value;
  };
  set("memory_free_bytes", said.memory_free_bytes);
  set("ecc_enabled", said.ecc_enabled);
  set("ecc_errors", said.ecc_errors);
  set("sm_clock_mhz", said.sm_clock_mhz);
  set("most_sm_clock_mhz", said.most_sm_clock_mhz);
  set("memory_clock_mhz", said.memory_clock_mhz);
  set("most_memory_clock_mhz", said.most_memory_clock_mhz);
  set("power_mw", said.power_mw);
  set("power_limit_mw", said.power_limit_mw);
  set("temperature_c", said.temperature_c);
  set("utilization_percent", said.utilization_percent);
  if (!said.driver.empty()) entry["driver"] = said.driver;
  if (const auto name = ProbableClass(gpu.listing.name); !name.empty()) entry["class"] = name;
  if (gpu.failure.ok()) {
    entry["engine"] = gpu.engine;
  } else {
    entry["failure"] = gpu.failure.message();
  }
  return entry;
}

}  // namespace

absl::Status ShowGpus(bool json, const GpuSource& source, const std::string& nvml,
                      std::ostream& out) {
  ASSIGN_OR_RETURN(const std::vector<kernels::GpuListing> gpus, source.list());
  if (gpus.empty()) {
    RETURN_IF_ERROR(source.open("any").status());  // knows best why
    return absl::NotFoundError("there is no GPU");
  }
  const auto reader = kernels::GpuInformationReader::Open(nvml);
  nlohmann::json entries = nlohmann::json::array();
  absl::Status status;
  for (const kernels::GpuListing& listing : gpus) {
    const FoundGpu gpu = Look(listing, source, reader.ok() ? reader->get() : nullptr);
    status.Update(gpu.failure);
    if (json) {
      entries.push_back(ToJson(gpu));
    } else {
      PrintText(gpu, out);
    }
  }
  if (json) {
    out << entries.dump() << "\n";
  } else if (!reader.ok()) {
    out << "Clocks, temperature and free memory are not known: " << reader.status().message()
        << "\n";
  }
  return status;
}

}  // namespace kaisar::provider
