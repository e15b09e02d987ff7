#include "challenges/policy.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/yaml_reader.h"
#include "challenges/device_class.h"
#include "challenges/limits.h"

namespace kaisar::challenges {
namespace {

constexpr std::uint64_t kMostKindCount = 65'536;
constexpr std::uint64_t kMostWeight = 1000;
constexpr std::uint64_t kMostWindowMs = 86'400'000;  // a day
constexpr std::uint64_t kMostClockStepMs = 60'000;   // a minute
constexpr std::uint64_t kMostRttUs = 60'000'000;     // a minute

std::uint32_t Uint32(YamlReader& reader, const std::string& key, std::uint64_t least,
                     std::uint64_t most) {
  return static_cast<std::uint32_t>(reader.Uint(key, least, most));
}

LatencyPolicy ReadLatency(YamlReader reader) {
  LatencyPolicy latency;
  latency.pings = Uint32(reader, "pings", 1, kMostPings);
  latency.spacing_ms = Uint32(reader, "spacing_ms", 0, kMostPingSpacingMs);
  latency.deadline_ms = Uint32(reader, "deadline_ms", 1, kMostDeadlineMs);
  latency.target_us = Uint32(reader, "target_us", 1, kMostRttUs);
  latency.limit_us = Uint32(reader, "limit_us", 1, kMostRttUs);
  const std::uint64_t pinging_ms = std::uint64_t{latency.pings} * latency.spacing_ms;
  if (latency.deadline_ms <= pinging_ms) {
    reader.Fail("deadline_ms", absl::StrCat("is ", latency.deadline_ms, ", expected more than ",
                                            pinging_ms, " (pings * spacing_ms)"));
  }
  if (latency.limit_us <= latency.target_us) {
    reader.Fail("limit_us", absl::StrCat("is ", latency.limit_us, ", expected more than ",
                                         latency.target_us, " (target_us)"));
  }
  reader.Finish().IgnoreError();  // the document keeps it
  return latency;
}

BandwidthPolicy ReadBandwidth(YamlReader reader) {
  BandwidthPolicy bandwidth;
  bandwidth.seconds = Uint32(reader, "seconds", 1, kMostTestSeconds);
  bandwidth.in_service_seconds = Uint32(reader, "in_service_seconds", 1, kMostTestSeconds);
  bandwidth.streams = Uint32(reader, "streams", 1, kMostTestStreams);
  bandwidth.open_deadline_ms = Uint32(reader, "open_deadline_ms", 1, kMostTestWaitMs);
  bandwidth.start_deadline_ms = Uint32(reader, "start_deadline_ms", 1, kMostTestWaitMs);
  bandwidth.counted_bits_per_second =
      reader.Uint("counted_bits_per_second", kLeastSentRate, kMostCountedRate);
  if (bandwidth.in_service_seconds > bandwidth.seconds) {
    reader.Fail("in_service_seconds",
                absl::StrCat("is ", bandwidth.in_service_seconds, ", expected at most ",
                             bandwidth.seconds, " (seconds)"));
  }
  reader.Finish().IgnoreError();
  return bandwidth;
}

KindPolicy ReadKind(YamlReader reader) {
  KindPolicy kind;
  kind.count = Uint32(reader, "count", 1, kMostKindCount);
  kind.weight = Uint32(reader, "weight", 0, kMostWeight);
  kind.least_evidence = Uint32(reader, "least_evidence", 1, kMostKindCount);
  if (kind.least_evidence > kind.count) {
    reader.Fail("least_evidence", absl::StrCat("is ", kind.least_evidence, ", expected at most ",
                                               kind.count, " (count)"));
  }
  reader.Finish().IgnoreError();
  return kind;
}

/// Latency is asked in every phase: availability comes from it.
std::map<v1::Kind, KindPolicy> ReadPhase(YamlReader& phases, const std::string& key) {
  YamlReader reader = phases.Map(key);
  std::map<v1::Kind, KindPolicy> kinds;
  kinds[v1::LATENCY] = ReadKind(reader.Map("latency"));
  if (reader.Has("bandwidth")) kinds[v1::BANDWIDTH] = ReadKind(reader.Map("bandwidth"));
  if (reader.Has("matmul")) kinds[v1::MATMUL] = ReadKind(reader.Map("matmul"));
  reader.Finish().IgnoreError();
  std::uint64_t weights = 0;
  for (const auto& [kind, policy] : kinds) weights += policy.weight;
  if (weights == 0) phases.Fail(key, "all weights are 0, expected one above 0");
  return kinds;
}

std::map<v1::Phase, std::map<v1::Kind, KindPolicy>> ReadPhases(YamlReader reader) {
  std::map<v1::Phase, std::map<v1::Kind, KindPolicy>> phases;
  phases[v1::REGISTERING] = ReadPhase(reader, "registering");
  phases[v1::STANDBY] = ReadPhase(reader, "standby");
  phases[v1::IN_SERVICE] = ReadPhase(reader, "in_service");
  reader.Finish().IgnoreError();
  return phases;
}

bool AsksBandwidth(const std::map<v1::Phase, std::map<v1::Kind, KindPolicy>>& phases) {
  for (const auto& [phase, kinds] : phases) {
    if (kinds.contains(v1::BANDWIDTH)) return true;
  }
  return false;
}

}  // namespace

const KindPolicy* Policy::Find(v1::Phase phase, v1::Kind kind) const {
  const auto kinds = phases.find(phase);
  if (kinds == phases.end()) return nullptr;
  const auto found = kinds->second.find(kind);
  return found == kinds->second.end() ? nullptr : &found->second;
}

absl::StatusOr<Policy> ParsePolicy(const std::string& file, const std::string& yaml) {
  ASSIGN_OR_RETURN(YamlReader reader, YamlReader::Parse(file, yaml));
  reader.Uint("version", 1, 1);
  Policy policy;
  policy.samples = Uint32(reader, "samples", 1, kMostMatmulSamples);
  policy.slack_ms = Uint32(reader, "slack_ms", 1, kMostDeadlineMs);
  policy.guard_ms = Uint32(reader, "guard_ms", 0, kMostWindowMs);
  policy.registration_window_ms = Uint32(reader, "registration_window_ms", 1, kMostWindowMs);
  policy.clock_step_ms = Uint32(reader, "clock_step_ms", 1, kMostClockStepMs);
  policy.latency = ReadLatency(reader.Map("latency"));
  policy.phases = ReadPhases(reader.Map("phases"));
  if (AsksBandwidth(policy.phases)) {
    policy.bandwidth = ReadBandwidth(reader.Map("bandwidth"));
  } else if (reader.Has("bandwidth")) {
    reader.Fail("bandwidth", "is of no use, expected a phase that asks bandwidth");
  }
  policy.classes = ReadClasses(reader);
  RETURN_IF_ERROR(reader.Finish());
  return policy;
}

}  // namespace kaisar::challenges
