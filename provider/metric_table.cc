#include "provider/metric_table.h"

#include <iterator>

namespace kaisar::provider {
namespace {

using monitor::MetricInfo;
using enum monitor::MetricType;

// A name, its type, its labels, and what it says. docs/metrics.md has the same, in this order.
constexpr MetricInfo kTable[] = {
    {"kaisar_provider_build_info", kGauge, "version", "Always 1; the version of the program."},
    {"kaisar_provider_ready", kGauge, "",
     "1 while a challenge would be served now, as /readyz says; else 0."},
    {"kaisar_provider_problems", kGauge, "code",
     "1 while something is wrong, by what it is; else 0. docs/operating.md says what to do."},
    {"kaisar_provider_slots_served", kGauge, "", "Slots whose challenges are taken now."},
    {"kaisar_provider_clock_steps_total", kCounter, "",
     "Times that the wall clock was set by more than a second."},
    {"kaisar_provider_devices", kGauge, "", "Devices that answer here."},
    {"kaisar_provider_devices_in_trouble", kGauge, "",
     "Those that cannot work now, as their last proof found."},
    {"kaisar_provider_devices_with_other_key", kGauge, "",
     "Those that the chain has with another key: all that they answer fails. Only on a chain."},
    {"kaisar_provider_devices_in_epoch", kGauge, "",
     "Those with weight in the newest epoch that was opened. Only on a chain."},
    {"kaisar_provider_challenges_taken_total", kCounter, "kind", "Challenges taken, by kind."},
    {"kaisar_provider_challenges_refused_total", kCounter, "kind,reason",
     "Challenges not taken, by kind and reason."},
    {"kaisar_provider_matmul_in_work", kGauge, "", "Devices that work on a matmul challenge."},
    {"kaisar_provider_proof_seconds", kHistogram, "",
     "How long a device took from a matmul challenge to its commitment."},
    {"kaisar_provider_proofs_failed_total", kCounter, "",
     "Proofs that a device could not compute, for want of memory or of the GPU."},
    {"kaisar_provider_proofs_dropped_total", kCounter, "",
     "Proofs whose checker went away before the commitment."},
    {"kaisar_provider_gpu_temperature_celsius", kGauge, "gpu", "Temperature of a GPU."},
    {"kaisar_provider_gpu_power_watts", kGauge, "gpu", "What a GPU draws."},
    {"kaisar_provider_gpu_power_limit_watts", kGauge, "gpu", "What it may draw."},
    {"kaisar_provider_gpu_sm_clock_hertz", kGauge, "gpu", "Clock of a GPU's multiprocessors."},
    {"kaisar_provider_gpu_memory_clock_hertz", kGauge, "gpu", "Clock of a GPU's memory."},
    {"kaisar_provider_gpu_utilization_ratio", kGauge, "gpu",
     "Share of the last second or less in which a GPU worked."},
    {"kaisar_provider_gpu_memory_free_bytes", kGauge, "gpu", "Free memory of a GPU."},
    {"kaisar_provider_gpu_memory_size_bytes", kGauge, "gpu", "Memory of a GPU."},
    {"kaisar_provider_gpu_ecc_errors", kGauge, "gpu",
     "Uncorrected memory errors since the driver was loaded."},
};

}  // namespace

std::vector<MetricInfo> MetricTable() {
  return {std::begin(kTable), std::end(kTable)};
}

}  // namespace kaisar::provider
