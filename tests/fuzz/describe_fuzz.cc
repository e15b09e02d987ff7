// What a machine answers when it is asked about its devices: no answer may crash who takes it apart
// and who shows it, and what is shown is printable ASCII of bounded length.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "audit/descriptions.h"
#include "base/check.h"
#include "checker/describe_response.h"

namespace kaisar::checker {
namespace {

constexpr std::size_t kMostShownBytes = 4096;

void CheckShown(const std::string& shown) {
  KAISAR_CHECK(shown.size() <= kMostShownBytes);
  KAISAR_CHECK(std::all_of(shown.begin(), shown.end(),
                           [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
}

void CheckDevice(std::uint32_t id, const std::string& software, const std::string& entry) {
  v1::Roster roster;
  roster.add_devices()->set_id(id);
  v1::DeviceDescribed described;
  described.set_device(id);
  described.set_software(software);
  described.set_description(entry);
  const audit::Descriptions descriptions = {{id, described}};
  const std::string table = audit::DescriptionTable(roster, descriptions);
  CheckShown(table);
  KAISAR_CHECK(std::count(table.begin(), table.end(), '\n') == 2);
  CheckShown(audit::DescriptionsToJson(descriptions).dump());
}

}  // namespace
}  // namespace kaisar::checker

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(input), size);
  const auto parts = kaisar::checker::SplitDescribeResponse(bytes);
  if (!parts.ok()) return 0;
  std::size_t kept = parts->software.size();
  for (const auto& [id, entry] : parts->devices) {
    kaisar::checker::CheckDevice(id, parts->software, entry);
    kept += entry.size();
  }
  KAISAR_CHECK(kept <= size);
  return 0;
}
