// Rules 21 to 26 of docs/judging.md.

#include <string>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/bandwidth/throughput.h"
#include "challenges/case.h"
#include "challenges/signed_messages.h"

namespace kaisar::challenges {
namespace {

using Test = v1::BandwidthEvidence::Test;

/// A line that carries nine tenths of what it can is full: the rest is framing, and the seconds
/// before and after the test.
constexpr std::uint32_t kSaturatedPercent = 90;
/// Of the asked time, as iperf counts it; below, the test was cut short.
constexpr std::uint64_t kLeastTestMsPerSecond = 950;
constexpr std::uint64_t kUsPerMs = 1000;
constexpr std::uint64_t kBitsPerByteAndSecond = 8'000'000;  // bytes per µs in bits per second

/// Says what a checker's record of a completed call lacks; empty when it is whole.
std::string MissingPart(const v1::BandwidthEvidence& evidence) {
  if (evidence.tests_size() != 2) return absl::StrCat(evidence.tests_size(), " tests, expected 2");
  for (int i = 0; i < 2; ++i) {
    const Test& test = evidence.tests(i);
    if (test.direction() != (i == 0 ? v1::DOWN : v1::UP)) return "tests are not DOWN and UP";
    if (!test.has_measured()) return absl::StrCat("test ", i, " has no result of the device");
    if (test.measured().direction() != test.direction()) {
      return absl::StrCat("test ", i, " has a result of the other direction");
    }
  }
  return evidence.has_transcript() ? "" : "the call completed without a transcript";
}

/// `bytes` over `us` against what the line carries; a capacity of 0 is not known.
bool IsSaturated(std::uint64_t bytes, std::uint64_t us, std::uint64_t capacity_bits_per_second) {
  if (us == 0 || capacity_bits_per_second == 0) return false;
  return absl::uint128(bytes) * kBitsPerByteAndSecond * 100 >=
         absl::uint128(capacity_bits_per_second) * us * kSaturatedPercent;
}

/// What a direction reached, beside what counts and what the checker's own line did.
struct Reached {
  const char* direction;
  std::uint64_t bits_per_second = 0;
  std::uint64_t counted_bits_per_second = 0;
  bool saturated = false;
};

// Rule 26.
Judgement JudgeRate(const Reached& reached) {
  if (!reached.saturated || reached.bits_per_second >= reached.counted_bits_per_second) {
    return {v1::PASS, v1::NONE, ""};
  }
  return Inconclusive(v1::UPLINK_SATURATED,
                      absl::StrCat("the checker's own line was full: ", reached.direction, " ",
                                   reached.bits_per_second, " bits per second of ",
                                   reached.counted_bits_per_second, " that count"));
}

}  // namespace

Judgement JudgeBandwidth(const Case& c) {
  if (c.closed.transport() != v1::COMPLETED) return JudgeSilence(c);
  const v1::BandwidthEvidence& evidence = c.closed.bandwidth();
  if (const std::string missing = MissingPart(evidence); !missing.empty()) return Unusable(missing);
  const Test& down = evidence.tests(0);
  const Test& up = evidence.tests(1);
  const absl::StatusOr<TestCounts> sent = ParseTestCounts(down.checker_result());
  if (!sent.ok()) return Unusable(sent.status().message());
  const absl::StatusOr<TestCounts> received = ParseTestCounts(up.checker_result());
  if (!received.ok()) return Unusable(received.status().message());

  const absl::StatusOr<TestCounts> device = ParseTestCounts(down.measured().result());
  if (!device.ok()) return Fail(v1::MALFORMED, std::string(device.status().message()));
  const absl::StatusOr<TestCounts> device_up = ParseTestCounts(up.measured().result());
  if (!device_up.ok()) return Fail(v1::MALFORMED, std::string(device_up.status().message()));
  const Digest hash = BandwidthResultsHash(down.measured().result(), up.measured().result());
  if (!SignedBy(c.device_key, BandwidthTranscriptDigest(c.domain, c.id, c.digest, hash),
                ViewOf(evidence.transcript().signature()))) {
    return Fail(v1::SIGNATURE_INVALID, "the results are not signed by the device key");
  }
  const std::uint64_t least_us =
      BandwidthParamsOf(c.challenge).seconds() * kLeastTestMsPerSecond * kUsPerMs;
  if (sent->sent_us < least_us || received->received_us < least_us) {
    return Fail(v1::MALFORMED, absl::StrCat("a test was cut short: ", sent->sent_us, " us down, ",
                                            received->received_us, " us up, at least ", least_us));
  }
  const BandwidthPolicy& policy = c.context.policy.bandwidth;
  const Judgement judged = JudgeRate(
      {"down", DownRate(*sent, *device), CountedRate(c.device.down_bits_per_second(), policy),
       IsSaturated(sent->link_out_bytes, sent->link_us, evidence.checker_out_bits_per_second())});
  if (judged.verdict != v1::PASS) return judged;
  return JudgeRate({"up", UpRate(*received), CountedRate(c.device.up_bits_per_second(), policy),
                    IsSaturated(received->link_in_bytes, received->link_us,
                                evidence.checker_in_bits_per_second())});
}

}  // namespace kaisar::challenges
