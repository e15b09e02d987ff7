#include "provider/gpu_figures.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/printable.h"

namespace kaisar::provider {
namespace {

constexpr std::size_t kMostTextBytes = 96;  // proto/kaisar/v1/device.proto

std::string Watts(std::uint32_t milliwatts) {
  return absl::StrCat(milliwatts / 1000, ".", milliwatts / 100 % 10);
}

}  // namespace

kernels::GpuInformation FromListing(const kernels::GpuListing& listing) {
  kernels::GpuInformation information;
  information.name = Printable(listing.name, kMostTextBytes);
  information.uuid = listing.uuid;
  information.pci_id = listing.pci_id;
  information.memory_total_bytes = listing.total_bytes;
  return information;
}

v1::GpuInformation ToProto(const kernels::GpuInformation& information) {
  v1::GpuInformation message;
  message.set_name(information.name);
  message.set_uuid(information.uuid);
  message.set_pci_id(information.pci_id);
  message.set_driver(information.driver);
  const auto set = [&message](auto setter, const auto& value) {
    if (value.has_value()) (message.*setter)(*value);
  };
  using Message = v1::GpuInformation;
  set(&Message::set_memory_total_bytes, information.memory_total_bytes);
  set(&Message::set_memory_free_bytes, information.memory_free_bytes);
  set(&Message::set_ecc_enabled, information.ecc_enabled);
  set(&Message::set_ecc_errors, information.ecc_errors);
  set(&Message::set_sm_clock_mhz, information.sm_clock_mhz);
  set(&Message::set_most_sm_clock_mhz, information.most_sm_clock_mhz);
  set(&Message::set_memory_clock_mhz, information.memory_clock_mhz);
  set(&Message::set_most_memory_clock_mhz, information.most_memory_clock_mhz);
  set(&Message::set_power_mw, information.power_mw);
  set(&Message::set_power_limit_mw, information.power_limit_mw);
  set(&Message::set_temperature_c, information.temperature_c);
  set(&Message::set_utilization_percent, information.utilization_percent);
  return message;
}

std::string StateLine(const kernels::GpuInformation& information) {
  std::vector<std::string> parts;
  if (const auto c = information.temperature_c) parts.push_back(absl::StrCat(*c, " C"));
  if (const auto power = information.power_mw) {
    const auto limit = information.power_limit_mw;
    parts.push_back(absl::StrCat(Watts(*power), limit ? " of " + Watts(*limit) : "", " W"));
  }
  if (const auto clock = information.sm_clock_mhz) {
    const auto most = information.most_sm_clock_mhz;
    parts.push_back(absl::StrCat(*clock, most ? absl::StrCat(" of ", *most) : "", " MHz"));
  }
  if (const auto busy = information.utilization_percent) {
    parts.push_back(absl::StrCat(*busy, " % busy"));
  }
  return absl::StrJoin(parts, ", ");
}

std::string EccLine(const kernels::GpuInformation& information) {
  if (!information.ecc_enabled.has_value()) return "";
  if (!*information.ecc_enabled) return "ECC off";
  if (!information.ecc_errors.has_value()) return "ECC on";
  return absl::StrCat("ECC on, ", *information.ecc_errors, " uncorrected error",
                      *information.ecc_errors == 1 ? "" : "s");
}

}  // namespace kaisar::provider
