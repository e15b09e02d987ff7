#include "tests/integration/log_forger.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "audit/chain_comparison.h"
#include "audit/differences.h"
#include "audit/log_rows.h"
#include "audit/log_verifier.h"
#include "audit/names.h"
#include "base/sha256.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"
#include "tests/support/every_verdict.h"

namespace kaisar::testing {
namespace {

/// What the forger's report says of the epoch: what the log's first and last record say, and the
/// honest log's secret where its own has none.
audit::Report ReportOf(const Log& records, const Log& honest) {
  audit::Report report;
  const v1::EpochOpened& opened = records.front()->epoch_opened();
  report.domain.chain_id = opened.roster().chain_id();
  // What has not the right size, no report can repeat.
  const bool fits = CopyExactly(ViewOf(opened.roster().contract()), report.domain.contract);
  if (!fits) report.domain.contract = {};
  report.epoch = opened.epoch();
  report.slot = opened.slot();
  report.spec_version = static_cast<std::uint16_t>(opened.version());
  report.policy_hash = Sha256(ViewOf(opened.policy()));
  const v1::Record& last = records.back()->has_epoch_closed() ? *records.back() : *honest.back();
  if (!CopyExactly(ViewOf(last.epoch_closed().secret()), report.secret)) report.secret = {};
  return report;
}

std::vector<std::string> AllChainDifferences(const Log& honest, const Log& log) {
  const v1::EpochOpened& opened = honest.front()->epoch_opened();
  audit::SlotFacts facts;
  facts.deployment.chain_id = opened.roster().chain_id();
  facts.deployment.reports = challenges::ToAddress(opened.roster().contract());
  const std::uint64_t beacon_s = opened.beacon_ms() / 1000;
  chain::Schedule& schedule = facts.deployment.schedule;
  schedule.epoch_seconds = static_cast<std::uint32_t>(opened.epoch_end_ms() / 1000 - beacon_s);
  schedule.genesis = beacon_s - std::uint64_t{opened.epoch()} * schedule.epoch_seconds;
  facts.opening = {challenges::ToDigest(opened.beacon()), 1, beacon_s};
  facts.first_block.emplace();
  facts.first_block->hash = facts.opening->beacon;
  facts.newest.timestamp_s = beacon_s;
  facts.roster = opened.roster();
  facts.own_newest = *challenges::FindSlot(opened.roster(), opened.slot());
  audit::SignedReport report;
  report.report = ReportOf(log, honest);
  report.signer = challenges::ToAddress(facts.own_newest.key());
  audit::Differences differences;
  audit::CompareWithChain(facts, log.front()->epoch_opened(), report, differences);
  return differences.lines();
}

}  // namespace

Log LogOf(const std::vector<v1::Record>& records) {
  Log log;
  for (const v1::Record& record : records) {
    log.push_back(std::make_shared<const v1::Record>(record));
  }
  return log;
}

const EpochFixture& Honest() {
  static const auto* const kEpoch = new EpochFixture(MakeEpochOfEveryVerdict());
  return *kEpoch;
}

const Log& HonestLog() {
  static const auto* const kLog = new Log(LogOf(Honest().records));
  return *kLog;
}

bool Findings::Name(const std::vector<std::string>& words) const {
  return std::any_of(differences.begin(), differences.end(), [&](const std::string& line) {
    return std::all_of(words.begin(), words.end(),
                       [&](const std::string& word) { return absl::StrContains(line, word); });
  });
}

std::optional<Auditor::Place> Auditor::PlaceOf(const Log& records,
                                               const audit::RecordCheck& check) const {
  const auto is_honest = [&](std::size_t index) {
    return index < honest_.size() && index < records.size() && records[index] == honest_[index];
  };
  // The epoch's facts, and its secret.
  if (!is_honest(0) || records.back() != honest_.back() || !check.in_plan ||
      !is_honest(check.index)) {
    return std::nullopt;
  }
  const auto* issued = check.open.issued.get();
  const auto* commitment = check.open.commitment.get();
  for (const v1::Record* before : {issued, commitment}) {
    if (before == nullptr) continue;
    if (std::none_of(honest_.begin(), honest_.end(),
                     [&](const auto& record) { return record.get() == before; })) {
      return std::nullopt;
    }
  }
  return Place{check.index, check.record.get(), issued, commitment};
}

Findings Auditor::AuditReclosed(const Log& records) {
  const audit::Report report = ReportOf(records, honest_);
  audit::Differences differences;
  audit::MerkleLog tree;
  audit::LogOrder order(records.size(), {}, tree);
  audit::LogVerifier verifier(report, differences);
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (const absl::Status status = order.Add({}, *records[i]); !status.ok()) {
      differences.Add(absl::StrCat("log: ", status.message()));
      return {differences.lines(), {}};
    }
    audit::RecordCheck check = verifier.Place(i, records[i]->ByteSizeLong(), records[i]);
    const std::optional<Place> place = PlaceOf(records, check);
    const std::size_t placed = check.differences.size();
    if (const auto known = place.has_value() ? checked_.find(*place) : checked_.end();
        known != checked_.end()) {
      check.differences.insert(check.differences.end(), known->second.differences.begin(),
                               known->second.differences.end());
      check.judged = known->second.judged;
    } else {
      verifier.Check(check);
      if (place.has_value()) {
        checked_[*place] = {{check.differences.begin() + static_cast<std::ptrdiff_t>(placed),
                             check.differences.end()},
                            check.judged};
      }
    }
    verifier.Take(std::move(check));
  }
  verifier.Finish(!records.empty() && records.back()->has_epoch_closed());
  return {differences.lines(), verifier.Scores()};
}

// A chain knows no roster that musters for all, as the honest log's does.
std::vector<std::string> ChainDifferences(const Log& honest, const Log& log) {
  std::vector<std::string> lines = AllChainDifferences(honest, log);
  for (const std::string& line : AllChainDifferences(honest, honest)) std::erase(lines, line);
  return lines;
}

Log With(const Log& log, std::size_t index, v1::Record record) {
  const v1::SignedChallenge& challenge = record.issued().challenge();
  if (record.has_issued() && challenges::ValidateChallenge(challenge).ok() &&
      challenge.signature() == log[index]->issued().challenge().signature()) {
    challenges::SignChallenge(EpochFixture::SlotKey(EpochFixture::kSlot),
                              challenges::DomainOf(log.front()->epoch_opened().roster()),
                              *record.mutable_issued()->mutable_challenge());
  }
  Log changed = log;
  changed[index] = std::make_shared<const v1::Record>(std::move(record));
  return changed;
}

std::optional<Log> WithVerdict(const EpochFixture& epoch, const Log& log, std::size_t closing) {
  std::vector<const v1::Record*> records;
  for (const auto& record : log) records.push_back(record.get());
  v1::Record record = *log[closing];
  v1::ChallengeClosed& closed = *record.mutable_closed();
  const challenges::Judgement judged = JudgeAnew(epoch, records, closed);
  if (closed.verdict() == judged.verdict && closed.reason() == judged.reason) return std::nullopt;
  closed.set_verdict(judged.verdict);
  closed.set_reason(judged.reason);
  return With(log, closing, std::move(record));
}

std::optional<std::size_t> ClosingOf(const Log& records, std::size_t index) {
  const v1::Record& record = *records[index];
  const std::string& id = record.has_closed() ? record.closed().challenge_id()
                          : record.has_commitment()
                              ? record.commitment().challenge_id()
                              : record.issued().challenge().challenge().challenge_id();
  for (std::size_t i = 0; i < records.size() && !id.empty(); ++i) {
    if (records[i]->has_closed() && records[i]->closed().challenge_id() == id) return i;
  }
  return std::nullopt;
}

std::string ClassOf(const Log& records, std::size_t index) {
  const v1::Record& record = *records[index];
  switch (record.body_case()) {
    case v1::Record::kEpochOpened:
      return "opened";
    case v1::Record::kIssued:
      return absl::StrCat("issued ", v1::Kind_Name(record.issued().challenge().challenge().kind()));
    case v1::Record::kCommitment: {
      const auto closing = ClosingOf(records, index);
      return closing.has_value() ? absl::StrCat("commitment, ", ClassOf(records, *closing))
                                 : "commitment";
    }
    case v1::Record::kClosed: {
      const v1::ChallengeClosed& closed = record.closed();
      return absl::StrCat("closed ", v1::Kind_Name(closed.kind()), " ",
                          v1::Transport_Name(closed.transport()), " ",
                          audit::NameOf(closed.verdict(), closed.reason()));
    }
    case v1::Record::kDescribed:
      return absl::StrCat("described ", v1::Transport_Name(record.described().transport()));
    default:
      return "epoch_closed";
  }
}

std::map<std::string, std::size_t> Representatives(const Log& records) {
  std::map<std::string, std::size_t> last;
  for (std::size_t i = 0; i < records.size(); ++i) last[ClassOf(records, i)] = i;
  return last;
}

}  // namespace kaisar::testing
