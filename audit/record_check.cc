#include "audit/record_check.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/names.h"
#include "base/hex.h"
#include "challenges/bandwidth/throughput.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"

namespace kaisar::audit {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kUsPerMs = 1000;
constexpr std::uint64_t kMostWaitedMs = 86'400'000;  // a day, longer than any challenge

template <typename... Parts>
void Add(RecordCheck& check, const Parts&... parts) {
  check.differences.push_back(absl::StrCat(check.Name(), ": ", parts...));
}

/// The first field in which a signed challenge is not what the plan calls for; empty when it is.
/// The signatures are not compared.
std::string FirstDifference(const v1::SignedChallenge& found, const v1::SignedChallenge& expected) {
  const v1::Challenge& f = found.challenge();
  const v1::Challenge& e = expected.challenge();
  const auto differs = [](absl::string_view field, const auto& is, const auto& should) {
    return absl::StrCat(field, " is ", is, ", expected ", should);
  };
  const auto hex = [](const std::string& bytes) { return ToHex(ViewOf(bytes)); };
  if (f.challenge_id() != e.challenge_id()) {
    return differs("challenge_id", hex(f.challenge_id()), hex(e.challenge_id()));
  }
  if (f.epoch() != e.epoch()) return differs("epoch", f.epoch(), e.epoch());
  if (f.slot() != e.slot()) return differs("slot", f.slot(), e.slot());
  if (f.seed() != e.seed()) return differs("seed", hex(f.seed()), hex(e.seed()));
  if (found.params() != expected.params()) {
    return differs("params", hex(found.params()), hex(expected.params()));
  }
  if (f.params_hash() != e.params_hash()) {
    return differs("params_hash", hex(f.params_hash()), hex(e.params_hash()));
  }
  if (f.expires_at_ms() != e.expires_at_ms()) {
    return differs("expires_at_ms", f.expires_at_ms(), e.expires_at_ms());
  }
  v1::SignedChallenge without_signature = found;
  without_signature.clear_signature();
  if (without_signature.SerializeAsString() != expected.SerializeAsString()) {
    return "the signed challenge has fields that no challenge has";
  }
  return "";
}

void CheckIssued(const KeyedEpoch& epoch, RecordCheck& check) {
  const v1::SignedChallenge& challenge = check.record->issued().challenge();
  const v1::Device& device = *challenges::FindDevice(epoch.roster(), check.planned.device);
  const v1::SignedChallenge expected = challenges::MakeChallenge(
      epoch.key, epoch.scope, epoch.opened.beacon_ms(), check.planned, device, epoch.policy);
  if (const std::string field = FirstDifference(challenge, expected); !field.empty()) {
    Add(check, field);
  }
  if (!challenges::ValidateChallenge(challenge).ok() ||
      !challenges::IsSignedBy(epoch.slot_key, epoch.domain, challenge)) {
    Add(check, "is not signed by slot ", epoch.scope.slot, ", key ", ToHex(epoch.slot_key));
  }
}

// The tests come one after the other, each after waiting for the checker's line. The judge says
// what is wrong with a result that cannot be read.
void CheckTestTimes(const v1::ChallengeClosed& closed, RecordCheck& check) {
  std::uint64_t taken_us = 0;
  for (const v1::BandwidthEvidence::Test& test : closed.bandwidth().tests()) {
    // A hostile log's waiting must not wrap around.
    const std::uint64_t waited_ms = std::min<std::uint64_t>(test.waited_ms(), kMostWaitedMs);
    taken_us += waited_ms * kUsPerMs;
    const auto counts = challenges::ParseTestCounts(test.checker_result());
    if (!counts.ok()) continue;
    const std::uint64_t counted_us =
        test.direction() == v1::DOWN ? counts->sent_us : counts->received_us;
    taken_us += std::max(counts->link_us, counted_us);
  }
  if (taken_us / kUsPerMs <= closed.elapsed_ms() + 1) return;
  Add(check, "took ", closed.elapsed_ms(), " ms, but its tests ", taken_us, " us");
}

// Times are the checker's word, but they must not contradict each other.
void CheckTimes(const KeyedEpoch& epoch, const v1::ChallengeClosed& closed, RecordCheck& check) {
  const std::uint64_t slack_ms = epoch.policy.slack_ms;
  if (closed.transport() == v1::NOT_SENT) {
    if (closed.sent_ms() != 0 && closed.sent_ms() <= closed.due_ms() + slack_ms) {
      Add(check, "was given up at ", closed.sent_ms(), " ms, within the slack of ", slack_ms,
          " ms after ", closed.due_ms(), " ms");
    }
    return;
  }
  // One slack for the wall clock, which may be set back between taking up and sending.
  if (closed.sent_ms() + slack_ms < closed.due_ms()) {
    Add(check, "was sent at ", closed.sent_ms(), " ms, before due at ", closed.due_ms(), " ms");
  }
  const std::uint64_t most_ms = closed.elapsed_ms() + 1;  // it is rounded down
  if (const v1::CommitmentReceived* commitment = check.evidence().commitment;
      commitment != nullptr && (commitment->elapsed_ns() / kNsPerMs > most_ms ||
                                closed.matmul().opening_elapsed_ns() / kNsPerMs > most_ms)) {
    Add(check, "took ", closed.elapsed_ms(), " ms, but its commitment ", commitment->elapsed_ns(),
        " ns and its opening ", closed.matmul().opening_elapsed_ns(), " ns");
  }
  for (const v1::LatencyEvidence::Echo& echo : closed.latency().echoes()) {
    if (echo.rtt_us() / kUsPerMs <= most_ms) continue;
    Add(check, "took ", closed.elapsed_ms(), " ms, but ping ", echo.ping(), " took ", echo.rtt_us(),
        " us");
    break;
  }
  CheckTestTimes(closed, check);
}

void CheckClosed(const KeyedEpoch& epoch, RecordCheck& check) {
  const v1::ChallengeClosed& closed = check.record->closed();
  CheckTimes(epoch, closed, check);
  check.judged = challenges::Judge(epoch.judge_context(), check.evidence());
  const challenges::Judgement& judged = check.judged;
  if (judged.verdict != closed.verdict() || judged.reason != closed.reason()) {
    Add(check, "verdict is ", NameOf(closed.verdict(), closed.reason()), ", expected ",
        NameOf(judged.verdict, judged.reason), judged.detail.empty() ? "" : ": ", judged.detail);
  }
  if (judged.reason == v1::STOPPED && closed.transport() != v1::NOT_SENT) {
    Add(check, judged.detail);
  }
}

}  // namespace

std::string RecordCheck::Name() const {
  return absl::StrCat("record ", index, ": ", NameOf(planned), " (", ToHex(id).substr(0, 16), "…)");
}

challenges::Evidence RecordCheck::evidence() const {
  challenges::Evidence evidence;
  if (open.issued != nullptr && open.issued->issued().has_challenge()) {
    evidence.issued = &open.issued->issued();
  }
  if (open.commitment != nullptr) evidence.commitment = &open.commitment->commitment();
  evidence.closed = &record->closed();
  return evidence;
}

void CheckRecord(const KeyedEpoch& epoch, RecordCheck& check) {
  if (!check.in_plan) return;
  if (check.record->has_issued()) CheckIssued(epoch, check);
  if (check.record->has_closed()) CheckClosed(epoch, check);
}

}  // namespace kaisar::audit
