#include "audit/log_verifier.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/names.h"
#include "base/hex.h"
#include "base/keys/hash_chain.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

constexpr std::uint32_t kProtocolVersion = 1;

std::string Differs(const std::string& where, absl::string_view what, const std::string& found,
                    const std::string& expected) {
  return absl::StrCat(where, ": ", what, " is ", found, ", expected ", expected);
}

}  // namespace

LogVerifier::LogVerifier(const Report& report, Differences& differences)
    : report_(report), differences_(differences) {}

void LogVerifier::Add(std::uint64_t index, const v1::Record& record) {
  if (record.body_case() == v1::Record::kEpochOpened) {
    AddOpened(index, record.epoch_opened());
    return;
  }
  if (!usable()) return;  // said once, at the first record
  switch (record.body_case()) {
    case v1::Record::kIssued:
      return AddIssued(index, record.issued());
    case v1::Record::kCommitment:
      return AddCommitment(index, record.commitment());
    case v1::Record::kClosed:
      return AddClosed(index, record.closed());
    case v1::Record::kDescribed:
      return AddDescribed(index, record.described());
    case v1::Record::kEpochClosed:
      return AddEpochClosed(index, record.epoch_closed());
    default:
      return;  // ReadLog lets no other pass
  }
}

void LogVerifier::AddOpened(std::uint64_t index, const v1::EpochOpened& opened) {
  CompareWithReport(opened);
  if (absl::Status status = MakeEpoch(opened); !status.ok()) {
    epoch_.reset();
    differences_.Add(absl::StrCat("record ", index, ": ", status.message(),
                                  "; nothing in the log can be recomputed"));
  }
}

void LogVerifier::CompareWithReport(const v1::EpochOpened& opened) {
  const auto compare = [&](absl::string_view what, const std::string& log,
                           const std::string& report) {
    if (log != report) differences_.Add(Differs("report", what, report, log + " as in the log"));
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
  if (opened.version() != kProtocolVersion) {
    return absl::InvalidArgumentError(Differs("epoch", "version", absl::StrCat(opened.version()),
                                              absl::StrCat(kProtocolVersion)));
  }
  epoch_ = std::make_unique<Epoch>();
  Epoch& epoch = *epoch_;
  epoch.opened = opened;
  ASSIGN_OR_RETURN(epoch.policy, challenges::ParsePolicy("policy", opened.policy()));
  const v1::Roster& roster = epoch.opened.roster();
  RETURN_IF_ERROR(challenges::ValidateRoster(roster, epoch.policy, opened.slot()));
  if (!CopyExactly(ViewOf(opened.beacon()), epoch.scope.beacon)) {
    return absl::InvalidArgumentError(
        absl::StrCat("beacon is ", opened.beacon().size(), " bytes, expected 32"));
  }
  if (opened.epoch_end_ms() <= opened.beacon_ms()) {
    return absl::InvalidArgumentError(absl::StrCat("epoch ends at ", opened.epoch_end_ms(),
                                                   " ms, before its beacon at ", opened.beacon_ms(),
                                                   " ms"));
  }
  epoch.scope.chain_id = roster.chain_id();
  epoch.scope.epoch = opened.epoch();
  epoch.scope.slot = opened.slot();
  epoch.scope.epoch_ms = opened.epoch_end_ms() - opened.beacon_ms();
  epoch.domain = challenges::DomainOf(roster);
  const v1::Slot& slot = *challenges::FindSlot(roster, opened.slot());
  epoch.slot_key = challenges::ToAddress(slot.key());
  if (!IsChainSecret(report_.secret, opened.epoch(), challenges::ToDigest(slot.anchor()),
                     slot.anchor_epoch())) {
    return absl::InvalidArgumentError(
        absl::StrCat("the report's secret ", ToHex(report_.secret), " is not the one of epoch ",
                     opened.epoch(), " in the chain of slot ", opened.slot(), ", whose anchor is ",
                     ToHex(ViewOf(slot.anchor()))));
  }
  epoch.key = challenges::EpochKey::Derive(report_.secret, epoch.scope.beacon, roster.chain_id(),
                                           opened.slot(), opened.epoch());
  ASSIGN_OR_RETURN(auto plan, challenges::MakePlan(*epoch.key, epoch.scope, roster, epoch.policy));
  epoch.plan.emplace(std::move(plan));
  epoch.scorer.emplace(roster, epoch.policy);
  return absl::OkStatus();
}

// What is described is the device's own word and is not looked at: it decides nothing.
void LogVerifier::AddDescribed(std::uint64_t index, const v1::DeviceDescribed& described) {
  const std::uint32_t device = described.device();
  const std::string who = absl::StrCat("record ", index, ": description of device ", device);
  if (challenges::FindDevice(epoch_->opened.roster(), device) == nullptr) {
    differences_.Add(absl::StrCat(who, ", which is not in the roster"));
    return;
  }
  if (const std::string excess = DescriptionExcess(described); !excess.empty()) {
    differences_.Add(absl::StrCat(who, ": ", excess));
    return;
  }
  if (!descriptions_.emplace(device, described).second) {
    differences_.Add(absl::StrCat(who, ", which was described before"));
  }
}

void LogVerifier::AddEpochClosed(std::uint64_t index, const v1::EpochClosed& closed) {
  if (ViewOf(closed.secret()) != ByteView(report_.secret)) {
    differences_.Add(Differs(absl::StrCat("record ", index), "secret",
                             ToHex(ViewOf(closed.secret())),
                             absl::StrCat(ToHex(report_.secret), " as in the report")));
  }
}

void LogVerifier::Finish(bool closed) {
  if (!usable()) return;
  if (!closed) differences_.Add("log: the record that closes the epoch is missing");
  const PlanIndex& plan = *epoch_->plan;
  for (std::size_t place = 0; place < plan.size(); ++place) {
    if (plan.is_closed(place)) continue;
    const challenges::PlannedChallenge& planned = plan.at(place);
    differences_.Add(absl::StrCat("log: ", NameOf(planned), " with id ",
                                  ToHex(challenges::ChallengeId(epoch_->scope, planned)),
                                  ", due at ", planned.due_ms, " ms, has no closing record"));
  }
  for (std::string& line : presence_.Contradictions()) differences_.Add(std::move(line));
}

std::vector<DeviceScore> LogVerifier::Scores() const {
  return usable() ? epoch_->scorer->Scores() : std::vector<DeviceScore>();
}

Address LogVerifier::SlotKey() const {
  return epoch_->slot_key;
}

}  // namespace kaisar::audit
