// The policy: no input may crash it, an error is one line that names the file, and what it accepts
// is within every limit that later code relies on.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "challenges/policy.h"

namespace kaisar::challenges {
namespace {

void CheckPhase(const std::map<v1::Kind, KindPolicy>& kinds) {
  KAISAR_CHECK(kinds.count(v1::LATENCY) == 1);
  std::uint64_t weights = 0;
  for (const auto& [kind, asked] : kinds) {
    KAISAR_CHECK(kind == v1::LATENCY || kind == v1::BANDWIDTH || kind == v1::MATMUL);
    KAISAR_CHECK(asked.count >= 1 && asked.count <= 65'536);
    KAISAR_CHECK(asked.least_evidence >= 1 && asked.least_evidence <= asked.count);
    weights += asked.weight;
  }
  KAISAR_CHECK(weights >= 1 && weights <= 3000);
}

void CheckClass(const ClassPolicy& asked) {
  KAISAR_CHECK(asked.n >= 256 && asked.n <= 32'768 && (asked.n & (asked.n - 1)) == 0);
  KAISAR_CHECK(asked.rounds >= 1 && asked.rounds <= 4096);
  KAISAR_CHECK(asked.commitment_deadline_ms >= 1 && asked.opening_deadline_ms >= 1);
  if (!asked.hardware) return;
  KAISAR_CHECK(FullClaim(*asked.hardware) >= 1 && !asked.hardware->source.empty());
  KAISAR_CHECK(ProofBytes(asked) + ReservedBytes(*asked.hardware) <= asked.hardware->memory_bytes);
  KAISAR_CHECK(4 * ProofMs(asked, *asked.hardware) <= asked.commitment_deadline_ms);
}

void CheckBandwidth(const Policy& policy) {
  bool asked = false;
  for (const auto& [phase, kinds] : policy.phases) asked = asked || kinds.contains(v1::BANDWIDTH);
  const BandwidthPolicy& terms = policy.bandwidth;
  KAISAR_CHECK(asked == (terms.seconds > 0));
  if (!asked) return;
  KAISAR_CHECK(terms.in_service_seconds >= 1 && terms.in_service_seconds <= terms.seconds);
  KAISAR_CHECK(terms.seconds <= 60 && terms.streams >= 1 && terms.streams <= 16);
  KAISAR_CHECK(terms.open_deadline_ms >= 1 && terms.start_deadline_ms >= 1);
  KAISAR_CHECK(terms.counted_bits_per_second >= 1'000'000);
}

void CheckPolicy(const Policy& policy) {
  KAISAR_CHECK(policy.samples >= 1 && policy.samples <= 1024);
  KAISAR_CHECK(policy.latency.pings >= 1 && policy.latency.pings <= 1024);
  KAISAR_CHECK(policy.latency.limit_us > policy.latency.target_us);
  KAISAR_CHECK(policy.latency.deadline_ms > policy.latency.pings * policy.latency.spacing_ms);
  KAISAR_CHECK(policy.phases.size() == 3 && !policy.classes.empty());
  for (const auto& [phase, kinds] : policy.phases) CheckPhase(kinds);
  CheckBandwidth(policy);
  for (const auto& [name, asked] : policy.classes) CheckClass(asked);
}

}  // namespace
}  // namespace kaisar::challenges

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto policy = kaisar::challenges::ParsePolicy("p.yaml", text);
  if (policy.ok()) {
    kaisar::challenges::CheckPolicy(*policy);
  } else {
    KAISAR_CHECK(policy.status().message().find("p.yaml:") == 0);
    KAISAR_CHECK(policy.status().message().find('\n') == absl::string_view::npos);
  }
  return 0;
}
