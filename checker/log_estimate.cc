#include "checker/log_estimate.h"

#include <algorithm>
#include <bit>

#include "challenges/bandwidth/terms.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kHashBytes = 32;
constexpr std::uint64_t kSegmentBytes = 1024;  // docs/protocol.md, Commitment
/// Ids, signatures, times and parameters of the records of one challenge, and SQLite's own.
constexpr std::uint64_t kFrameBytes = 2048;
constexpr std::uint64_t kPingBytes = 64;           // nonce, echo and times of one ping
constexpr std::uint64_t kDescriptionBytes = 8192;  // once an epoch, of the device's machine
/// SQLite's write-ahead log beside it: 1,000 pages of 4 KiB, and what is written while a reader
/// holds it up. It is there twice, then.
constexpr std::uint64_t kJournalBytes = 8 << 20;

std::uint64_t PathBytes(std::uint64_t leaves) {
  return kHashBytes * static_cast<std::uint64_t>(std::bit_width(leaves) - 1);
}

std::uint64_t MatmulBytes(const challenges::Policy& policy, const challenges::ClassPolicy& asked) {
  const std::uint64_t n = asked.n;
  const std::uint64_t segment = std::min(n, kSegmentBytes);
  const std::uint64_t sample = n + PathBytes(n) + segment + PathBytes(n * n / segment);
  return kFrameBytes + kHashBytes * asked.rounds + policy.samples * sample;
}

std::uint64_t ChallengeBytes(const challenges::Policy& policy, v1::Kind kind,
                             const challenges::ClassPolicy& asked) {
  if (kind == v1::MATMUL) return MatmulBytes(policy, asked);
  if (kind == v1::LATENCY) return kFrameBytes + policy.latency.pings * kPingBytes;
  // Two directions, both ends of each.
  return kFrameBytes + 4 * challenges::kMostBandwidthResultBytes;
}

}  // namespace

std::uint64_t MostLogBytes(const challenges::Policy& policy, const v1::Roster& roster) {
  std::uint64_t bytes = 0;
  for (const v1::Device& device : roster.devices()) {
    const auto asked = policy.classes.find(device.device_class());
    const auto phase = policy.phases.find(device.phase());
    if (asked == policy.classes.end() || phase == policy.phases.end()) continue;
    bytes += kDescriptionBytes;
    for (const auto& [kind, of_kind] : phase->second) {
      const std::uint64_t muster = kind == v1::MATMUL ? 1 : 0;
      bytes += (of_kind.count + muster) * ChallengeBytes(policy, kind, asked->second);
    }
  }
  return bytes == 0 ? 0 : bytes + kJournalBytes;
}

}  // namespace kaisar::checker
