// The part of LogVerifier that checks what is recorded about single challenges.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/log_verifier.h"
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

std::string Named(std::uint64_t index, const std::string& challenge, const Digest& id) {
  return absl::StrCat("record ", index, ": ", challenge, " (", ToHex(id).substr(0, 16), "…)");
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

/// Whether the call shows that the checker had a connection.
bool IsAnswered(const v1::ChallengeClosed& closed) {
  return closed.kind() != v1::MATMUL && closed.verdict() == v1::PASS;
}

}  // namespace

void LogVerifier::AddIssued(std::uint64_t index, const v1::ChallengeIssued& issued) {
  const v1::SignedChallenge& challenge = issued.challenge();
  const v1::Challenge& terms = challenge.challenge();
  const std::string name = NameOf(terms.device(), terms.kind(), issued.sequence());
  const auto place = epoch_->plan->Find(terms.device(), terms.kind(), issued.sequence());
  if (!place.has_value()) {
    differences_.Add(absl::StrCat("record ", index, ": ", name,
                                  " was issued, but the plan has no such challenge"));
    return;
  }
  const challenges::PlannedChallenge& planned = epoch_->plan->at(*place);
  const Digest id = challenges::ChallengeId(epoch_->scope, planned);
  const std::string who = Named(index, name, id);
  if (epoch_->plan->is_closed(*place)) {
    differences_.Add(absl::StrCat(who, ": was issued after its closing record"));
    return;
  }
  if (!epoch_->plan->MarkIssued(*place)) {
    differences_.Add(absl::StrCat(who, ": was issued before, at record ", open_[id].index));
    return;
  }
  const v1::Device& device = *challenges::FindDevice(epoch_->opened.roster(), planned.device);
  const v1::SignedChallenge expected = challenges::MakeChallenge(
      *epoch_->key, epoch_->scope, epoch_->opened.beacon_ms(), planned, device, epoch_->policy);
  if (const std::string field = FirstDifference(challenge, expected); !field.empty()) {
    differences_.Add(absl::StrCat(who, ": ", field));
  }
  ++counts_.signatures;
  if (!challenges::ValidateChallenge(challenge).ok() ||
      !challenges::IsSignedBy(epoch_->slot_key, epoch_->domain, challenge)) {
    differences_.Add(absl::StrCat(who, ": is not signed by slot ", epoch_->scope.slot, ", key ",
                                  ToHex(epoch_->slot_key)));
  }
  open_[id] = Open{index, issued, std::nullopt};
}

void LogVerifier::AddCommitment(std::uint64_t index, const v1::CommitmentReceived& commitment) {
  const std::string& bytes = commitment.challenge_id();
  Digest id{};
  const auto found = CopyExactly(ViewOf(bytes), id) ? open_.find(id) : open_.end();
  if (found == open_.end()) {
    differences_.Add(absl::StrCat("record ", index, ": commitment to challenge ",
                                  ToHex(ViewOf(bytes)), ", which is not open"));
    return;
  }
  Open& open = found->second;
  const v1::Challenge& terms = open.issued.challenge().challenge();
  const std::string who =
      Named(index, NameOf(terms.device(), terms.kind(), open.issued.sequence()), id);
  if (terms.kind() != v1::MATMUL) {
    differences_.Add(absl::StrCat(who, ": has a commitment, which only matmul has"));
  } else if (open.commitment.has_value()) {
    differences_.Add(absl::StrCat(who, ": has a second commitment record"));
  } else {
    open.commitment = commitment;
  }
}

void LogVerifier::AddClosed(std::uint64_t index, const v1::ChallengeClosed& closed) {
  const std::string name = NameOf(closed.device(), closed.kind(), closed.sequence());
  const auto place = epoch_->plan->Find(closed.device(), closed.kind(), closed.sequence());
  if (!place.has_value()) {
    differences_.Add(absl::StrCat("record ", index, ": ", name,
                                  " was closed, but the plan has no such challenge"));
    return;
  }
  const challenges::PlannedChallenge& planned = epoch_->plan->at(*place);
  const Digest id = challenges::ChallengeId(epoch_->scope, planned);
  const std::string who = Named(index, name, id);
  if (!epoch_->plan->MarkClosed(*place)) {
    differences_.Add(absl::StrCat(who, ": was closed before"));
    return;
  }
  ++counts_.challenges;
  if (ViewOf(closed.challenge_id()) != ByteView(id)) {
    differences_.Add(absl::StrCat(who, ": challenge_id is ", ToHex(ViewOf(closed.challenge_id())),
                                  ", expected ", ToHex(id)));
  }
  if (closed.due_ms() != planned.due_ms) {
    differences_.Add(
        absl::StrCat(who, ": due_ms is ", closed.due_ms(), ", expected ", planned.due_ms));
  }
  const auto found = open_.find(id);
  const bool was_issued = found != open_.end();
  Open open;
  if (was_issued) {
    open = std::move(found->second);
    open_.erase(found);
  } else if (closed.transport() != v1::NOT_SENT) {
    differences_.Add(absl::StrCat(who, ": was sent, but the log has no record of its issue"));
  }
  CheckTimes(who, open, closed);
  CheckJudgement(who, open, closed);
}

// Times are the checker's word, but they must not contradict each other.
void LogVerifier::CheckTimes(const std::string& who, const Open& open,
                             const v1::ChallengeClosed& closed) {
  const std::uint64_t slack_ms = epoch_->policy.slack_ms;
  if (closed.transport() == v1::NOT_SENT) {
    if (closed.sent_ms() != 0 && closed.sent_ms() <= closed.due_ms() + slack_ms) {
      differences_.Add(absl::StrCat(who, ": was given up at ", closed.sent_ms(),
                                    " ms, within the slack of ", slack_ms, " ms after ",
                                    closed.due_ms(), " ms"));
    }
    return;
  }
  // One slack for the wall clock, which may be set back between taking up and sending.
  if (closed.sent_ms() + slack_ms < closed.due_ms()) {
    differences_.Add(absl::StrCat(who, ": was sent at ", closed.sent_ms(), " ms, before due at ",
                                  closed.due_ms(), " ms"));
  }
  const std::uint64_t most_ms = closed.elapsed_ms() + 1;  // it is rounded down
  if (open.commitment.has_value() && (open.commitment->elapsed_ns() / kNsPerMs > most_ms ||
                                      closed.matmul().opening_elapsed_ns() / kNsPerMs > most_ms)) {
    differences_.Add(absl::StrCat(who, ": took ", closed.elapsed_ms(), " ms, but its commitment ",
                                  open.commitment->elapsed_ns(), " ns and its opening ",
                                  closed.matmul().opening_elapsed_ns(), " ns"));
  }
  for (const v1::LatencyEvidence::Echo& echo : closed.latency().echoes()) {
    if (echo.rtt_us() / kUsPerMs <= most_ms) continue;
    differences_.Add(absl::StrCat(who, ": took ", closed.elapsed_ms(), " ms, but ping ",
                                  echo.ping(), " took ", echo.rtt_us(), " us"));
    break;
  }
  CheckTestTimes(who, closed);
}

// The tests come one after the other, each after waiting for the checker's line. The judge says
// what is wrong with a result that cannot be read.
void LogVerifier::CheckTestTimes(const std::string& who, const v1::ChallengeClosed& closed) {
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
  differences_.Add(
      absl::StrCat(who, ": took ", closed.elapsed_ms(), " ms, but its tests ", taken_us, " us"));
}

void LogVerifier::CheckJudgement(const std::string& who, const Open& open,
                                 const v1::ChallengeClosed& closed) {
  const challenges::JudgeContext context{*epoch_->key, epoch_->opened.roster(), epoch_->policy,
                                         epoch_->scope.slot, epoch_->opened.beacon_ms()};
  challenges::Evidence evidence;
  if (open.issued.has_challenge()) evidence.issued = &open.issued;
  if (open.commitment.has_value()) evidence.commitment = &*open.commitment;
  evidence.closed = &closed;
  const challenges::Judgement judged = challenges::Judge(context, evidence);
  if (judged.verdict != closed.verdict() || judged.reason != closed.reason()) {
    differences_.Add(absl::StrCat(who, ": verdict is ", NameOf(closed.verdict(), closed.reason()),
                                  ", expected ", NameOf(judged.verdict, judged.reason),
                                  judged.detail.empty() ? "" : ": ", judged.detail));
  }
  if (judged.reason == v1::STOPPED && closed.transport() != v1::NOT_SENT) {
    differences_.Add(absl::StrCat(who, ": ", judged.detail));
  }
  // What follows rests on the verdict that should be there.
  v1::ChallengeClosed corrected;
  const v1::ChallengeClosed* counted = &closed;
  if (judged.verdict != closed.verdict() || judged.reason != closed.reason()) {
    corrected = closed;
    corrected.set_verdict(judged.verdict);
    corrected.set_reason(judged.reason);
    counted = &corrected;
  }
  epoch_->scorer->Add(*counted, evidence.commitment);
  CountEvidence(open, *counted);
  NotePresence(who, open, *counted);
}

void LogVerifier::CountEvidence(const Open& open, const v1::ChallengeClosed& closed) {
  if (closed.transport() == v1::NOT_SENT) return;
  if (open.commitment.has_value()) ++counts_.signatures;
  if (closed.matmul().has_opening()) ++counts_.signatures;
  if (closed.matmul().has_second_commitment()) ++counts_.signatures;
  if (closed.latency().has_transcript()) ++counts_.signatures;
  if (closed.bandwidth().has_transcript()) ++counts_.signatures;
  if (closed.kind() == v1::MATMUL && closed.verdict() == v1::PASS) {
    counts_.samples += epoch_->policy.samples;
  }
}

void LogVerifier::NotePresence(const std::string& who, const Open& open,
                               const v1::ChallengeClosed& closed) {
  if (closed.transport() != v1::NOT_SENT) {
    presence_.AddCall(closed.device(), closed.sent_ms(), closed.elapsed_ms(), IsAnswered(closed));
    if (closed.reason() == v1::CHECKER_OFFLINE) {
      presence_.ClaimOffline(who, closed.device(), closed.sent_ms(), closed.elapsed_ms());
    }
  } else if (closed.sent_ms() == 0) {
    // What was issued may have been under way when the checker went down: until it expired.
    const std::uint64_t expires_ms = open.issued.challenge().challenge().expires_at_ms();
    const std::uint64_t beacon_ms = epoch_->opened.beacon_ms();
    std::uint64_t until_ms = closed.due_ms() + epoch_->policy.slack_ms;
    if (expires_ms > beacon_ms) until_ms = std::max(until_ms, expires_ms - beacon_ms);
    presence_.ClaimStopped(who, closed.due_ms(), until_ms);
  }
}

}  // namespace kaisar::audit
