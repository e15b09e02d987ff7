#include "reporter/charge.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "audit/report_tree.h"
#include "base/status_macros.h"
#include "chain/calls.h"

namespace kaisar::reporter {
namespace {

/// After trouble, settling rests for this part of an epoch: a quarter of an hour of six hours, of
/// the four weeks that there are.
constexpr std::uint32_t kSettleRestShare = 24;

}  // namespace

Charge::Charge(const audit::Report& report, const SubmitterSettings& settings,
               chain::Contracts& contracts)
    : report_(report),
      commitment_(audit::ReportCommitment(report)),
      settings_(&settings),
      contracts_(&contracts) {
  stage_.epoch = report.epoch;
}

absl::StatusOr<Charge> Charge::Make(const audit::Report& report, const SubmitterSettings& settings,
                                    chain::Contracts& contracts) {
  ASSIGN_OR_RETURN(const audit::ReportTree tree, audit::ReportTree::Make(report.words));
  Charge charge(report, settings, contracts);
  charge.root_ = tree.root();
  return charge;
}

absl::StatusOr<Digest> Charge::ReportAt(chain::Contracts::At at) {
  ASSIGN_OR_RETURN(const std::vector<Digest> reports,
                   contracts_->ReportsOf(report_.epoch, {report_.slot}, at));
  if (reports.size() == 1) return reports.front();
  return absl::UnavailableError(absl::StrCat("asked for 1 report, got ", reports.size()));
}

absl::Status Charge::LookAt(const Now& now, bool held, bool may_settle) {
  const chain::Schedule& schedule = contracts_->deployment().schedule;
  const std::uint32_t epoch = report_.epoch;
  EpochFacts facts;
  facts.now_s = now.latest.timestamp_s;
  facts.deep_now_s = now.deep.timestamp_s;
  facts.commitment = commitment_;
  facts.root = root_;
  facts.held = held;
  asked_settled_ = false;
  const bool rests =
      facts.now_s < settle_at_s_ || (stage_.stage == Stage::kSettling && !may_settle);
  if (rests && facts.now_s < schedule.settle_end(epoch)) {
    step_ = {stage_.stage, Action::kNone, settle_at_s_, ""};
    return absl::OkStatus();
  }
  if (facts.now_s >= schedule.end(epoch)) {
    ASSIGN_OR_RETURN(facts.on_chain, ReportAt(std::nullopt));
  }
  absl::Status settling;
  if (facts.now_s >= schedule.settle_begin(epoch) && facts.on_chain == root_) {
    settling = LookAtSettling(now, may_settle, facts);
  }
  step_ = DecideStep(schedule, epoch, facts);
  if (!settling.ok()) PutSettlingOff(now, settling);
  return absl::OkStatus();
}

absl::Status Charge::LookAtSettling(const Now& now, bool may_settle, EpochFacts& facts) {
  const absl::StatusOr<Digest> deep = ReportAt(now.deep.number);
  // An endpoint that keeps no old state leaves us the newest one.
  if (!deep.ok() && !absl::IsOutOfRange(deep.status())) return deep.status();
  facts.deep_on_chain = deep.ok() ? *deep : facts.on_chain;
  const chain::Schedule& schedule = contracts_->deployment().schedule;
  if (facts.deep_on_chain != root_ || facts.now_s >= schedule.settle_end(report_.epoch)) {
    return absl::OkStatus();
  }
  asked_settled_ = may_settle;
  if (!may_settle) return absl::OkStatus();
  if (settler_ == nullptr) {
    settler_ = std::make_unique<EpochSettler>(*contracts_, report_.epoch, report_.slot,
                                              settings_->settle_batch, settings_->confirmations);
  }
  RETURN_IF_ERROR(settler_->Update(now.latest));
  if (!settler_->done()) return absl::OkStatus();
  const std::string stuck = settler_->Stuck();
  facts.all_settled = stuck.empty();
  if (facts.all_settled) {
    settle_trouble_ = absl::OkStatus();
    return absl::OkStatus();
  }
  settler_.reset();  // what stood in the way may be gone next time
  return absl::AbortedError(stuck);
}

void Charge::PutSettlingOff(const Now& now, const absl::Status& why) {
  const std::uint32_t epoch_s = contracts_->deployment().schedule.epoch_seconds;
  settle_at_s_ = now.latest.timestamp_s + epoch_s / kSettleRestShare;
  step_.action = Action::kNone;
  step_.look_at_s = settle_at_s_;
  // Endpoints word the same trouble anew with each block; once is enough.
  if (absl::IsAborted(why) || settle_trouble_.code() != why.code()) settle_trouble_ = why;
}

absl::StatusOr<bool> Charge::SetStage(Outbox& outbox) {
  EpochStage stage = stage_;
  stage.stage = step_.stage;
  stage.why = step_.why;
  if (stage.stage == Stage::kMissed && !trouble_.empty()) {
    absl::StrAppend(&stage.why, "; last trouble: ", trouble_);
  }
  if (stage.why.empty() && !settle_trouble_.ok()) {
    const bool over = stage.stage == Stage::kDone;
    stage.why = absl::StrCat(over ? "not all was settled: " : "settling goes on later: ",
                             settle_trouble_.message());
  }
  for (const auto& [purpose, hash] : {std::pair(Purpose::kCommit, &stage.commit_transaction),
                                      std::pair(Purpose::kReveal, &stage.reveal_transaction)}) {
    ASSIGN_OR_RETURN(const std::optional<OutboxEntry> entry, outbox.LastOf(purpose, stage.epoch));
    if (!entry.has_value()) continue;
    *hash = entry->receipt.has_value() ? entry->included : entry->attempts.back().transaction.hash;
  }
  const bool changed = stage != stage_;
  stage_ = std::move(stage);
  if (ended()) settler_.reset();
  return changed;
}

Purpose Charge::purpose() const {
  switch (step_.action) {
    case Action::kCommit:
      return Purpose::kCommit;
    case Action::kReveal:
      return Purpose::kReveal;
    case Action::kNone:
    case Action::kSettle:
      break;
  }
  return Purpose::kSettle;
}

std::uint64_t Charge::window_end_s() const {
  const chain::Schedule& schedule = contracts_->deployment().schedule;
  if (step_.action == Action::kCommit) return schedule.reveal_begin(report_.epoch);
  if (step_.action == Action::kReveal) return schedule.settle_begin(report_.epoch);
  return schedule.settle_end(report_.epoch);
}

absl::StatusOr<std::optional<Intent>> Charge::MakeIntent(const Now& now) {
  if (step_.action == Action::kNone) return std::optional<Intent>();
  if (step_.action == Action::kSettle) {
    if (settler_ == nullptr) return std::optional<Intent>();
    return settler_->Next(now.latest, now.block_ms);
  }
  Intent intent{purpose(), report_.epoch, contracts_->deployment().reports, {}, window_end_s()};
  if (step_.action == Action::kCommit) {
    intent.input = chain::CommitCall(report_.epoch, report_.slot, commitment_);
  } else {
    intent.input = chain::RevealCall({report_.epoch, report_.slot, report_.secret,
                                      report_.transcript_root, report_.policy_hash, report_.words});
  }
  return std::optional<Intent>(std::move(intent));
}

void Charge::Accepted() {
  if (step_.action == Action::kSettle && settler_ != nullptr) settler_->Accepted();
}

void Charge::Refused(const absl::Status& why, const Now& now) {
  Trouble(why);
  if (step_.action != Action::kSettle || settler_ == nullptr) return;
  // These are of all devices, and end.
  const bool paused = absl::StrContains(why.message(), "GroupPaused(");
  if (paused || absl::IsResourceExhausted(why)) return PutSettlingOff(now, why);
  settler_->Refused(why);
}

}  // namespace kaisar::reporter
