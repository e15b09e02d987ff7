#include "audit/record_check.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/bounded_sum.h"
#include "audit/challenge_times.h"
#include "audit/closed_form.h"
#include "audit/names.h"
#include "audit/record_bytes.h"
#include "base/hex.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"

namespace kaisar::audit {
namespace {

constexpr int kPings = 8;  // before a matmul challenge; docs/protocol.md, section 4

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
  const std::uint64_t due_ms = epoch.opened.beacon_ms() + check.planned.due_ms;
  const std::uint64_t issued_ms = check.record->issued().issued_ms();
  if (AddUpTo(issued_ms, epoch.policy.slack_ms) < due_ms) {
    Add(check, "issued_ms is ", issued_ms, " ms, before due at ", due_ms, " ms");
  }
}

void CheckCommitment(RecordCheck& check) {
  const v1::CommitmentReceived& commitment = check.record->commitment();
  if (!commitment.has_commitment()) {
    Add(check, "has a commitment record without a commitment");
  }
  if (commitment.ping_rtt_ns_size() != kPings) {
    Add(check, "ping_rtt_ns has ", commitment.ping_rtt_ns_size(), " times, expected ", kPings);
  }
}

/// What a verdict may turn on that the checker alone says.
std::string HowItEnded(const v1::ChallengeClosed& closed) {
  std::string text = absl::StrCat("transport is ", v1::Transport_Name(closed.transport()),
                                  ", sent_ms ", closed.sent_ms(), ", elapsed_ms ",
                                  closed.elapsed_ms(), ", clock_step_ms ", closed.clock_step_ms());
  if (closed.has_reachability()) {
    absl::StrAppend(&text, ", devices_heard ", closed.reachability().devices_heard(),
                    ", endpoints_reached ", closed.reachability().endpoints_reached());
  }
  return text;
}

void CheckClosed(const KeyedEpoch& epoch, RecordCheck& check) {
  const v1::ChallengeClosed& closed = check.record->closed();
  const challenges::Evidence evidence = check.evidence();
  const ClosedContext context{evidence.commitment != nullptr,
                              static_cast<std::uint32_t>(epoch.roster().devices_size()) - 1,
                              epoch.policy.latency.pings};
  for (const std::string& fault : ClosedFaults(closed, context)) Add(check, fault);
  for (const std::string& fault : TimeFaults(epoch, evidence)) Add(check, fault);
  check.judged = challenges::Judge(epoch.judge_context(), evidence);
  const challenges::Judgement& judged = check.judged;
  if (judged.verdict != closed.verdict() || judged.reason != closed.reason()) {
    Add(check, judged.verdict != closed.verdict() ? "verdict" : "reason", " is ",
        NameOf(closed.verdict(), closed.reason()), ", expected ",
        NameOf(judged.verdict, judged.reason), judged.detail.empty() ? "" : ": ", judged.detail,
        "; ", HowItEnded(closed));
  }
  if (judged.reason == v1::STOPPED && closed.transport() != v1::NOT_SENT) {
    Add(check, judged.detail);
  }
}

}  // namespace

std::string RecordCheck::Name() const {
  if (planned.kind == v1::KIND_UNSPECIFIED) {
    return absl::StrCat("record ", index, ": ", SubjectOf(*record));
  }
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

LoggedChallenge RecordCheck::AsLogged(const v1::Roster& roster,
                                      const v1::ChallengeClosed& closed) const {
  const v1::Device& device = *challenges::FindDevice(roster, closed.device());
  LoggedChallenge challenge{closed, device, index, std::nullopt, std::nullopt, nullptr};
  if (open.issued != nullptr) challenge.issued_record = open.index;
  if (open.commitment != nullptr) {
    challenge.commitment_record = open.commitment_index;
    challenge.commitment = &open.commitment->commitment();
  }
  return challenge;
}

void CheckRecord(const KeyedEpoch& epoch, RecordCheck& check) {
  if (const std::string fault = WireFault(check.size_bytes, *check.record); !fault.empty()) {
    Add(check, fault);
  }
  if (check.record->has_commitment()) CheckCommitment(check);
  if (!check.in_plan) return;
  if (check.record->has_issued()) CheckIssued(epoch, check);
  if (check.record->has_closed()) CheckClosed(epoch, check);
}

}  // namespace kaisar::audit
