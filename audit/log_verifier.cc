#include "audit/log_verifier.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/names.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"

namespace kaisar::audit {
namespace {

std::string Differs(absl::string_view where, absl::string_view what, const std::string& found,
                    const std::string& expected) {
  return absl::StrCat(where, ": ", what, " is ", found, ", expected ", expected);
}

/// Before what it is about is known.
std::string RecordName(const RecordCheck& check) {
  return absl::StrCat("record ", check.index);
}

/// Whether the call shows that the checker had a connection.
bool IsAnswered(const v1::ChallengeClosed& closed) {
  return closed.kind() != v1::MATMUL && closed.verdict() == v1::PASS;
}

}  // namespace

LogVerifier::LogVerifier(const Report& report, Differences& differences, Options options)
    : report_(report),
      differences_(differences),
      options_(std::move(options)),
      presence_(options_.kept_calls) {}

void LogVerifier::Add(std::uint64_t index, const v1::Record& record) {
  RecordCheck check =
      Place(index, record.ByteSizeLong(), std::make_shared<const v1::Record>(record));
  Check(check);
  Take(std::move(check));
}

RecordCheck LogVerifier::Place(std::uint64_t index, std::size_t size_bytes,
                               std::shared_ptr<const v1::Record> record) {
  RecordCheck check;
  check.index = index;
  check.size_bytes = size_bytes;
  check.record = std::move(record);
  const auto kind = check.record->body_case();
  if (kind == v1::Record::kEpochOpened) PlaceOpened(check);
  if (!usable()) return check;  // said once, at the first record
  if (kind == v1::Record::kIssued) PlaceIssued(check);
  if (kind == v1::Record::kCommitment) PlaceCommitment(check);
  if (kind == v1::Record::kClosed) PlaceClosed(check);
  if (kind == v1::Record::kDescribed) PlaceDescribed(check);
  if (kind == v1::Record::kEpochClosed) PlaceEpochClosed(check);
  for (const std::string& fault : clock_->Add(index, *check.record)) {
    check.differences.push_back(absl::StrCat(check.Name(), ": ", fault));
  }
  return check;
}

void LogVerifier::Check(RecordCheck& check) const {
  if (usable()) CheckRecord(*epoch_, check);
}

void LogVerifier::Take(RecordCheck check) {
  ++counts_.records;
  for (std::string& line : check.differences) differences_.Add(std::move(line));
  if (!check.in_plan) return;
  if (check.record->has_issued()) ++counts_.signatures;
  if (check.record->has_closed()) TakeClosed(check);
}

void LogVerifier::PlaceOpened(RecordCheck& check) {
  const v1::EpochOpened& opened = check.record->epoch_opened();
  CompareWithReport(opened, check);
  if (absl::Status status = MakeEpoch(opened); !status.ok()) {
    epoch_.reset();
    check.differences.push_back(absl::StrCat(RecordName(check), ": ", status.message(),
                                             "; nothing in the log can be recomputed"));
  }
}

void LogVerifier::CompareWithReport(const v1::EpochOpened& opened, RecordCheck& check) const {
  const auto compare = [&](absl::string_view what, const std::string& log,
                           const std::string& report) {
    if (log == report) return;
    check.differences.push_back(Differs("report", what, report, log + " as in the log"));
  };
  compare("spec version", absl::StrCat(opened.version()), absl::StrCat(report_.spec_version));
  compare("epoch", absl::StrCat(opened.epoch()), absl::StrCat(report_.epoch));
  compare("slot", absl::StrCat(opened.slot()), absl::StrCat(report_.slot));
  compare("chain id", absl::StrCat(opened.roster().chain_id()),
          absl::StrCat(report_.domain.chain_id));
  compare("contract", ToHex(ViewOf(opened.roster().contract())), ToHex(report_.domain.contract));
  compare("policy hash", ToHex(Sha256(ViewOf(opened.policy()))), ToHex(report_.policy_hash));
}

absl::Status LogVerifier::MakeEpoch(const v1::EpochOpened& opened) {
  ASSIGN_OR_RETURN(epoch_, KeyedEpoch::Make(opened, report_.secret));
  ASSIGN_OR_RETURN(auto parts, challenges::MakePlanParts(epoch_->key, epoch_->scope,
                                                         epoch_->roster(), epoch_->policy));
  plan_.emplace(std::move(parts));
  clock_.emplace(opened, epoch_->policy.slack_ms);
  scorer_.emplace(epoch_->roster(), epoch_->policy);
  return absl::OkStatus();
}

std::optional<std::size_t> LogVerifier::FindInPlan(std::uint32_t device, v1::Kind kind,
                                                   std::uint32_t sequence, absl::string_view was,
                                                   RecordCheck& check) const {
  const auto entry = plan_->Find(device, kind, sequence);
  if (!entry.has_value()) {
    check.differences.push_back(absl::StrCat(RecordName(check), ": ",
                                             NameOf(device, kind, sequence), " was ", was,
                                             ", but the plan has no such challenge"));
    return std::nullopt;
  }
  check.planned = entry->planned;
  check.id = challenges::ChallengeId(epoch_->scope, check.planned);
  return entry->place;
}

void LogVerifier::PlaceIssued(RecordCheck& check) {
  const v1::ChallengeIssued& issued = check.record->issued();
  const v1::Challenge& terms = issued.challenge().challenge();
  const auto place = FindInPlan(terms.device(), terms.kind(), issued.sequence(), "issued", check);
  if (!place.has_value()) return;
  if (plan_->is_closed(*place)) {
    check.differences.push_back(check.Name() + ": was issued after its closing record");
    return;
  }
  if (!plan_->MarkIssued(*place)) {
    check.differences.push_back(
        absl::StrCat(check.Name(), ": was issued before, at record ", open_[check.id].index));
    return;
  }
  check.in_plan = true;
  open_[check.id] = OpenChallenge{check.index, check.record, nullptr};
}

void LogVerifier::PlaceCommitment(RecordCheck& check) {
  const std::string& bytes = check.record->commitment().challenge_id();
  const auto found = CopyExactly(ViewOf(bytes), check.id) ? open_.find(check.id) : open_.end();
  if (found == open_.end()) {
    check.differences.push_back(absl::StrCat(RecordName(check), ": commitment: challenge_id is ",
                                             ToHex(ViewOf(bytes)), ", which is not open"));
    return;
  }
  OpenChallenge& open = found->second;
  const v1::ChallengeIssued& issued = open.issued->issued();
  const v1::Challenge& terms = issued.challenge().challenge();
  check.planned = {0, terms.device(), issued.sequence(), terms.kind()};
  if (terms.kind() != v1::MATMUL) {
    check.differences.push_back(check.Name() + ": has a commitment, which only matmul has");
  } else if (open.commitment != nullptr) {
    check.differences.push_back(check.Name() + ": has a second commitment record");
  } else {
    open.commitment = check.record;
    open.commitment_index = check.index;
  }
}

void LogVerifier::PlaceClosed(RecordCheck& check) {
  const v1::ChallengeClosed& closed = check.record->closed();
  const auto place = FindInPlan(closed.device(), closed.kind(), closed.sequence(), "closed", check);
  if (!place.has_value()) return;
  if (!plan_->MarkClosed(*place)) {
    check.differences.push_back(check.Name() + ": was closed before");
    return;
  }
  check.in_plan = true;
  if (ViewOf(closed.challenge_id()) != ByteView(check.id)) {
    check.differences.push_back(Differs(check.Name(), "challenge_id",
                                        ToHex(ViewOf(closed.challenge_id())),
                                        ToHex(check.id) + " by its device, kind and sequence"));
  }
  if (closed.due_ms() != check.planned.due_ms) {
    check.differences.push_back(Differs(check.Name(), "due_ms", absl::StrCat(closed.due_ms()),
                                        absl::StrCat(check.planned.due_ms)));
  }
  if (const auto found = open_.find(check.id); found != open_.end()) {
    check.open = std::move(found->second);
    open_.erase(found);
  } else if (closed.transport() != v1::NOT_SENT) {
    check.differences.push_back(check.Name() +
                                ": was sent, but the log has no record of its issue");
  }
}

// What is described is the device's own word and is not looked at: it decides nothing.
void LogVerifier::PlaceDescribed(RecordCheck& check) {
  const v1::DeviceDescribed& described = check.record->described();
  const std::uint32_t device = described.device();
  const std::string who = absl::StrCat(RecordName(check), ": description of device ", device);
  if (challenges::FindDevice(epoch_->roster(), device) == nullptr) {
    check.differences.push_back(absl::StrCat(who, ", which is not in the roster"));
    return;
  }
  if (const std::string excess = DescriptionExcess(described); !excess.empty()) {
    check.differences.push_back(absl::StrCat(who, ": ", excess));
    return;
  }
  if (const std::string wrong = DescriptionContradiction(described); !wrong.empty()) {
    check.differences.push_back(absl::StrCat(who, ": ", wrong));
  }
  if (!descriptions_.emplace(device, described).second) {
    check.differences.push_back(
        absl::StrCat(who, ", which was described before, at record ", described_at_[device]));
  }
  described_at_.emplace(device, check.index);
}

void LogVerifier::PlaceEpochClosed(RecordCheck& check) const {
  const v1::EpochClosed& closed = check.record->epoch_closed();
  if (ViewOf(closed.secret()) == ByteView(report_.secret)) return;
  check.differences.push_back(Differs(RecordName(check), "secret", ToHex(ViewOf(closed.secret())),
                                      absl::StrCat(ToHex(report_.secret), " as in the report")));
}

void LogVerifier::TakeClosed(const RecordCheck& check) {
  ++counts_.challenges;
  // What follows rests on the verdict that should be there.
  const v1::ChallengeClosed* closed = &check.record->closed();
  v1::ChallengeClosed corrected;
  if (check.judged.verdict != closed->verdict() || check.judged.reason != closed->reason()) {
    corrected = *closed;
    corrected.set_verdict(check.judged.verdict);
    corrected.set_reason(check.judged.reason);
    closed = &corrected;
  }
  scorer_->Add(*closed, check.evidence().commitment);
  CountEvidence(check, *closed);
  NotePresence(check, *closed);
  const bool proved = closed->kind() == v1::MATMUL && closed->verdict() == v1::PASS;
  if (proved && options_.choice != nullptr && options_.choice->Takes()) {
    options_.choice->Take(PassedProof::Of(*epoch_, check));
  }
  if (options_.each) options_.each(epoch_->policy, check.AsLogged(epoch_->roster(), *closed));
}

void LogVerifier::CountEvidence(const RecordCheck& check, const v1::ChallengeClosed& closed) {
  if (closed.transport() == v1::NOT_SENT) return;
  if (check.open.commitment != nullptr) ++counts_.signatures;
  if (closed.matmul().has_opening()) ++counts_.signatures;
  if (closed.matmul().has_second_commitment()) ++counts_.signatures;
  if (closed.latency().has_transcript()) ++counts_.signatures;
  if (closed.bandwidth().has_transcript()) ++counts_.signatures;
  if (closed.kind() == v1::MATMUL && closed.verdict() == v1::PASS) {
    counts_.samples += epoch_->policy.samples;
  }
}

void LogVerifier::NotePresence(const RecordCheck& check, const v1::ChallengeClosed& closed) {
  if (closed.transport() != v1::NOT_SENT) {
    presence_.AddCall(closed.device(), closed.sent_ms(), closed.elapsed_ms(), IsAnswered(closed));
    if (closed.reason() == v1::CLOCK_STEPPED) {
      presence_.ClaimStepped(check.Name(), closed.sent_ms(), closed.elapsed_ms());
    } else {
      presence_.AddSteady(closed.sent_ms(), closed.elapsed_ms());
    }
    if (closed.reason() == v1::CHECKER_OFFLINE) {
      presence_.ClaimOffline(check.Name(), closed.device(), closed.sent_ms(), closed.elapsed_ms());
    }
  } else if (closed.sent_ms() == 0) {
    // What was issued may have been under way when the checker went down: until it expired.
    std::uint64_t until_ms = closed.due_ms() + epoch_->policy.slack_ms;
    if (const v1::ChallengeIssued* issued = check.evidence().issued; issued != nullptr) {
      const std::uint64_t expires_ms = issued->challenge().challenge().expires_at_ms();
      const std::uint64_t beacon_ms = epoch_->opened.beacon_ms();
      if (expires_ms > beacon_ms) until_ms = std::max(until_ms, expires_ms - beacon_ms);
    }
    presence_.ClaimStopped(check.Name(), closed.due_ms(), until_ms);
  }
}

void LogVerifier::Finish(bool closed) {
  if (!usable()) return;
  if (!closed) differences_.Add("log: the record that closes the epoch is missing");
  plan_->ForEachOpen([&](const challenges::PlannedChallenge& planned) {
    differences_.Add(absl::StrCat("log: ", NameOf(planned), " with id ",
                                  ToHex(challenges::ChallengeId(epoch_->scope, planned)),
                                  ", due at ", planned.due_ms, " ms, has no closing record"));
  });
  for (std::string& line : presence_.Contradictions()) differences_.Add(std::move(line));
}

std::vector<DeviceScore> LogVerifier::Scores() const {
  return usable() ? scorer_->Scores() : std::vector<DeviceScore>();
}

}  // namespace kaisar::audit
