#include "audit/descriptions.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "audit/text_table.h"
#include "base/printable.h"
#include "kaisar/v1/device.pb.h"

namespace kaisar::audit {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostTextBytes = 96;  // as device.proto says
constexpr std::uint64_t kMebibyte = 1 << 20;

std::string Shown(const std::string& text) {
  return Printable(text, kMostTextBytes);
}

/// Absent when there is none, or when what the device sent is no description.
std::optional<v1::DeviceDescription> Read(const v1::DeviceDescribed& described) {
  v1::DeviceDescription description;
  if (described.description().empty() || !description.ParseFromString(described.description())) {
    return std::nullopt;
  }
  return description;
}

std::string MemoryOf(const v1::GpuInformation& gpu) {
  const std::string total = absl::StrCat(gpu.memory_total_bytes() / kMebibyte, " MiB");
  if (!gpu.has_memory_free_bytes()) return total;
  return absl::StrCat(total, ", ", gpu.memory_free_bytes() / kMebibyte, " free");
}

/// "1980 MHz", or "1980 of 2100 MHz" when the most is known.
std::string OfMost(std::uint32_t figure, bool has_most, std::uint32_t most,
                   absl::string_view unit) {
  const std::string of_most = has_most ? absl::StrCat(" of ", most) : "";
  return absl::StrCat(figure, of_most, " ", unit);
}

void AddGpu(const v1::GpuInformation& gpu, std::vector<std::string>& facts) {
  for (const std::string* text : {&gpu.name(), &gpu.uuid(), &gpu.pci_id()}) {
    if (!text->empty()) facts.push_back(Shown(*text));
  }
  if (!gpu.driver().empty()) facts.push_back(absl::StrCat("driver ", Shown(gpu.driver())));
  if (gpu.has_memory_total_bytes()) facts.push_back(MemoryOf(gpu));
  if (gpu.has_ecc_enabled()) facts.push_back(gpu.ecc_enabled() ? "ECC on" : "ECC off");
  if (gpu.has_ecc_errors()) facts.push_back(absl::StrCat(gpu.ecc_errors(), " ECC errors"));
  if (gpu.has_sm_clock_mhz()) {
    facts.push_back("SM " + OfMost(gpu.sm_clock_mhz(), gpu.has_most_sm_clock_mhz(),
                                   gpu.most_sm_clock_mhz(), "MHz"));
  }
  if (gpu.has_memory_clock_mhz()) {
    facts.push_back("memory " + OfMost(gpu.memory_clock_mhz(), gpu.has_most_memory_clock_mhz(),
                                       gpu.most_memory_clock_mhz(), "MHz"));
  }
  if (gpu.has_power_mw()) {
    facts.push_back(
        OfMost(gpu.power_mw() / 1000, gpu.has_power_limit_mw(), gpu.power_limit_mw() / 1000, "W"));
  }
  if (gpu.has_temperature_c()) facts.push_back(absl::StrCat(gpu.temperature_c(), " C"));
  if (gpu.has_utilization_percent()) {
    facts.push_back(absl::StrCat(gpu.utilization_percent(), " % busy"));
  }
}

Json ToJson(const v1::GpuInformation& gpu) {
  Json json = {{"name", Shown(gpu.name())},
               {"uuid", Shown(gpu.uuid())},
               {"pci_id", Shown(gpu.pci_id())},
               {"driver", Shown(gpu.driver())}};
  const auto add = [&json](const char* key, bool has, auto value) {
    if (has) json[key] = value;
  };
  add("memory_total_bytes", gpu.has_memory_total_bytes(), gpu.memory_total_bytes());
  add("memory_free_bytes", gpu.has_memory_free_bytes(), gpu.memory_free_bytes());
  add("ecc_enabled", gpu.has_ecc_enabled(), gpu.ecc_enabled());
  add("ecc_errors", gpu.has_ecc_errors(), gpu.ecc_errors());
  add("sm_clock_mhz", gpu.has_sm_clock_mhz(), gpu.sm_clock_mhz());
  add("most_sm_clock_mhz", gpu.has_most_sm_clock_mhz(), gpu.most_sm_clock_mhz());
  add("memory_clock_mhz", gpu.has_memory_clock_mhz(), gpu.memory_clock_mhz());
  add("most_memory_clock_mhz", gpu.has_most_memory_clock_mhz(), gpu.most_memory_clock_mhz());
  add("power_mw", gpu.has_power_mw(), gpu.power_mw());
  add("power_limit_mw", gpu.has_power_limit_mw(), gpu.power_limit_mw());
  add("temperature_c", gpu.has_temperature_c(), gpu.temperature_c());
  add("utilization_percent", gpu.has_utilization_percent(), gpu.utilization_percent());
  return json;
}

Json ToJson(const v1::DeviceDescription& description) {
  Json json = {{"id", description.id()},
               {"class", Shown(description.device_class())},
               {"backend", Shown(description.backend())},
               {"state_memory_bytes", description.state_memory_bytes()},
               {"trouble", Shown(description.trouble())}};
  if (description.has_gpu()) json["gpu"] = ToJson(description.gpu());
  return json;
}

Json ToJson(const v1::DeviceDescribed& described) {
  const std::string transport = v1::Transport_Name(described.transport());
  const auto description = Read(described);
  return {{"device", described.device()},
          {"asked_ms", described.asked_ms()},
          {"transport", transport.empty() ? absl::StrCat(described.transport()) : transport},
          {"detail", Printable(described.detail(), kMostDetailBytes)},
          {"software", Printable(described.software(), kMostSoftwareBytes)},
          {"received_bytes", described.description().size()},
          {"says", description.has_value() ? ToJson(*description) : Json(nullptr)}};
}

}  // namespace

std::string DescriptionExcess(const v1::DeviceDescribed& described) {
  const auto beyond = [](absl::string_view what, const std::string& text, std::size_t limit) {
    return text.size() <= limit ? ""
                                : absl::StrCat(what, " is ", text.size(), " bytes, limit ", limit);
  };
  std::string excess = beyond("description", described.description(), kMostDescriptionBytes);
  if (excess.empty()) excess = beyond("software", described.software(), kMostSoftwareBytes);
  if (excess.empty()) excess = beyond("detail", described.detail(), kMostDetailBytes);
  return excess;
}

std::string DescriptionContradiction(const v1::DeviceDescribed& described) {
  const v1::Transport transport = described.transport();
  if (transport == v1::TRANSPORT_UNSPECIFIED || transport == v1::NOT_SENT ||
      !v1::Transport_IsValid(transport)) {
    return absl::StrCat("transport is ", static_cast<int>(transport),
                        ", which no call that was made has");
  }
  if (transport == v1::COMPLETED) return "";
  const char* field = !described.description().empty() ? "a description"
                      : !described.software().empty()  ? "a software"
                                                       : nullptr;
  if (field == nullptr) return "";
  return absl::StrCat("has ", field, " though its transport is ", v1::Transport_Name(transport));
}

std::string DescriptionLine(const v1::DeviceDescribed& described) {
  std::vector<std::string> facts;
  if (const auto description = Read(described)) {
    if (!description->backend().empty()) facts.push_back(Shown(description->backend()));
    AddGpu(description->gpu(), facts);
    if (!description->trouble().empty()) {
      facts.push_back(absl::StrCat("trouble: ", Shown(description->trouble())));
    }
  } else if (!described.description().empty()) {
    facts.push_back(absl::StrCat(described.description().size(), " bytes that say nothing"));
  }
  if (!described.software().empty()) {
    facts.push_back(Printable(described.software(), kMostSoftwareBytes));
  }
  if (!described.detail().empty()) {
    facts.push_back(absl::StrCat("(", Printable(described.detail(), kMostDetailBytes), ")"));
  }
  return absl::StrJoin(facts, ", ");
}

std::string DescriptionTable(const v1::Roster& roster, const Descriptions& descriptions) {
  std::vector<std::vector<std::string>> rows = {{"device", "says of itself"}};
  for (const v1::Device& device : roster.devices()) {
    const auto described = descriptions.find(device.id());
    rows.push_back({absl::StrCat(device.id()), described == descriptions.end()
                                                   ? "(not asked)"
                                                   : DescriptionLine(described->second)});
  }
  return AlignColumns(rows, {1});
}

Json DescriptionsToJson(const Descriptions& descriptions) {
  Json array = Json::array();
  for (const auto& [device, described] : descriptions) array.push_back(ToJson(described));
  return array;
}

}  // namespace kaisar::audit
