// A roster, as an operator's file and as a log's first record has it: refused in one line, or
// everything that later code relies on is so.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "challenges/policy.h"
#include "challenges/roster.h"
#include "checker/roster_file.h"

namespace kaisar {
namespace {

const challenges::Policy& ThePolicy() {
  static const auto* const kPolicy =
      new challenges::Policy(challenges::ParsePolicy("policy", R"(version: 1
samples: 4
slack_ms: 1000
guard_ms: 1000
registration_window_ms: 20000
clock_step_ms: 100
latency: {pings: 4, spacing_ms: 10, deadline_ms: 5000, target_us: 20000, limit_us: 200000}
phases:
  registering: {latency: {count: 6, weight: 1, least_evidence: 3}}
  standby: {latency: {count: 6, weight: 1, least_evidence: 3}}
  in_service: {latency: {count: 6, weight: 1, least_evidence: 3}}
classes:
  cpu: {n: 256, rounds: 2, commitment_deadline_ms: 30000, opening_deadline_ms: 5000}
)")
                                 .value());
  return *kPolicy;
}

template <typename Entries>
void CheckAscending(const Entries& entries) {
  for (int i = 1; i < entries.size(); ++i) {
    KAISAR_CHECK(entries.Get(i - 1).id() < entries.Get(i).id());
  }
}

void CheckRefusal(const absl::Status& status) {
  KAISAR_CHECK(!status.message().empty());
  KAISAR_CHECK(status.message().find('\n') == absl::string_view::npos);
}

void CheckRoster(const v1::Roster& roster) {
  const std::uint32_t slot = roster.slots_size() > 0 ? roster.slots(0).id() : 0;
  const absl::Status valid = challenges::ValidateRoster(roster, ThePolicy(), slot);
  if (!valid.ok()) return CheckRefusal(valid);
  CheckAscending(roster.devices());
  CheckAscending(roster.slots());
  challenges::DomainOf(roster);
  for (const v1::Device& device : roster.devices()) {
    KAISAR_CHECK(challenges::FindDevice(roster, device.id()) == &device);
    KAISAR_CHECK(ThePolicy().classes.count(device.device_class()) == 1);
    KAISAR_CHECK(device.ops_per_second() > 0 && device.tls_pin().size() == 32);
    challenges::ToAddress(device.key());
    challenges::ToAddress(device.owner());
  }
  for (const v1::Slot& entry : roster.slots()) {
    KAISAR_CHECK(challenges::FindSlot(roster, entry.id()) == &entry);
    challenges::ToAddress(entry.key());
    challenges::ToDigest(entry.anchor());
  }
}

}  // namespace
}  // namespace kaisar

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  kaisar::v1::Roster logged;
  if (logged.ParseFromArray(input, static_cast<int>(size))) kaisar::CheckRoster(logged);
  const std::string yaml(reinterpret_cast<const char*>(input), size);
  const auto file = kaisar::checker::ParseRosterFile("r.yaml", yaml);
  if (file.ok()) {
    KAISAR_CHECK(file->grid.epoch_ms > 0);
    kaisar::CheckAscending(file->roster.devices());
    kaisar::CheckAscending(file->roster.slots());
    kaisar::CheckRoster(file->roster);
  } else {
    kaisar::CheckRefusal(file.status());
    KAISAR_CHECK(file.status().message().find("r.yaml:") == 0);
  }
  return 0;
}
