#include "audit/comparison_judgements.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "audit/figures.h"
#include "audit/names.h"
#include "audit/shares.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

/// One checker's account of the device that is looked at.
struct Opinion {
  const CheckerLog* log = nullptr;
  const DeviceAccount* account = nullptr;
  std::uint32_t slot() const { return log->slot(); }
};

std::vector<Opinion> OpinionsOf(const std::vector<CheckerLog>& logs, std::uint32_t device) {
  std::vector<Opinion> opinions;
  for (const CheckerLog& log : logs) {
    const auto found = log.devices.find(device);
    if (found != log.devices.end()) opinions.push_back({&log, &found->second});
  }
  return opinions;
}

std::string ReasonCounts(const std::map<v1::Reason, std::uint32_t>& reasons) {
  return absl::StrJoin(reasons, ", ", [](std::string* text, const auto& reason) {
    const std::string name = v1::Reason_Name(reason.first);
    absl::StrAppend(text, name.empty() ? absl::StrCat("reason ", reason.first) : name, " ",
                    reason.second);
  });
}

/// What a score takes from a kind: for latency the smaller of both shares that it has.
std::uint32_t ShareOf(const DeviceScore& score, v1::Kind kind) {
  if (kind == v1::MATMUL) return score.compute_ppm;
  if (kind == v1::BANDWIDTH) return score.bandwidth_ppm;
  return std::min(score.availability_ppm, score.latency_ppm);
}

std::string ShareName(v1::Kind kind) {
  if (kind == v1::MATMUL) return "compute";
  if (kind == v1::BANDWIDTH) return "bandwidth";
  return "availability or latency";
}

/// The kind whose shares lie furthest apart, among all opinions.
v1::Kind WidestKind(const std::vector<Opinion>& opinions) {
  v1::Kind widest = v1::LATENCY;
  std::uint32_t most = 0;
  for (const v1::Kind kind : kComparedKinds) {
    std::uint32_t low = kWholeShare, high = 0;
    for (const Opinion& opinion : opinions) {
      low = std::min(low, ShareOf(opinion.account->score, kind));
      high = std::max(high, ShareOf(opinion.account->score, kind));
    }
    if (high > low && high - low > most) {
      most = high - low;
      widest = kind;
    }
  }
  return widest;
}

/// "55 by slot 0, 71 by slot 2, none by slot 3".
std::string ScoreTexts(const std::vector<Opinion>& opinions) {
  return absl::StrJoin(opinions, ", ", [](std::string* text, const Opinion& opinion) {
    const auto& score = opinion.account->score.score;
    absl::StrAppend(text, score.has_value() ? absl::StrCat(*score) : "none", " by slot ",
                    opinion.slot());
  });
}

/// What the scores differ by, and in which kind it is to be seen.
std::pair<v1::Kind, std::string> WhyApart(const std::vector<Opinion>& opinions) {
  std::vector<std::string> convicting;
  for (const Opinion& opinion : opinions) {
    if (opinion.account->score.proof_invalid) {
      convicting.push_back(absl::StrCat("slot ", opinion.slot()));
    }
  }
  if (!convicting.empty() && convicting.size() < opinions.size()) {
    return {v1::MATMUL, absl::StrCat("a wrong proof, which makes a score 0, was seen by ",
                                     absl::StrJoin(convicting, ", "), " alone")};
  }
  const v1::Kind kind = WidestKind(opinions);
  const std::string shares =
      absl::StrJoin(opinions, ", ", [kind](std::string* text, const Opinion& opinion) {
        absl::StrAppend(text, FormatShare(ShareOf(opinion.account->score, kind)));
      });
  return {kind, absl::StrCat("they differ most in ", ShareName(kind), ": ", shares)};
}

std::vector<std::uint64_t> FirstOf(std::vector<std::uint64_t> records) {
  if (records.size() > kMostRecordsNamed) records.resize(kMostRecordsNamed);
  return records;
}

Finding MakeFinding(std::uint32_t device, v1::Kind kind, const std::vector<Opinion>& opinions,
                    std::string sentence) {
  Finding finding;
  finding.kind = Finding::Kind::kJudgedDifferently;
  finding.devices = {device};
  finding.sentence = std::move(sentence);
  for (const Opinion& opinion : opinions) {
    const KindAccount* account = FindKind(*opinion.log, device, kind);
    // Who gives no score lacks what counts.
    const bool lacks = account != nullptr && !opinion.account->score.score.has_value();
    finding.records[opinion.slot()] =
        lacks ? FirstOf(account->inconclusive_records) : TellingRecords(account);
  }
  return finding;
}

/// The kind for want of whose evidence a checker gives no score; null when nothing tells.
std::optional<v1::Kind> LackingKind(std::uint32_t id, const Opinion& opinion) {
  const v1::Device* device = challenges::FindDevice(opinion.log->epoch.opened.roster(), id);
  const auto& phases = opinion.log->epoch.policy.phases;
  const auto phase = device == nullptr ? phases.end() : phases.find(device->phase());
  if (phase == phases.end()) return std::nullopt;
  for (const auto& [kind, policy] : phase->second) {
    const KindAccount* account = FindKind(*opinion.log, id, kind);
    if ((account == nullptr ? 0 : account->counted.size()) < policy.least_evidence) return kind;
  }
  return std::nullopt;
}

/// Of a device that one checker scores and another leaves out.
Finding LeftOut(std::uint32_t device, const std::vector<Opinion>& opinions,
                const std::string& begin) {
  std::optional<v1::Kind> kind;
  std::string sentence = begin;
  for (const Opinion& opinion : opinions) {
    if (opinion.account->score.score.has_value()) continue;
    if (!kind.has_value()) kind = LackingKind(device, opinion);
    absl::StrAppend(&sentence, "; by slot ", opinion.slot(), " it is ",
                    opinion.account->score.explanation);
  }
  return MakeFinding(device, kind.value_or(v1::LATENCY), opinions, absl::StrCat(sentence, "."));
}

void CompareScores(std::uint32_t device, const std::vector<Opinion>& opinions, std::uint32_t band,
                   std::vector<Finding>& findings) {
  std::vector<std::uint32_t> scores;
  for (const Opinion& opinion : opinions) {
    if (opinion.account->score.score.has_value()) scores.push_back(*opinion.account->score.score);
  }
  if (scores.empty()) return;
  const std::string begin = absl::StrCat("Device ", device, " scores ", ScoreTexts(opinions));
  if (scores.size() < opinions.size()) {
    findings.push_back(LeftOut(device, opinions, begin));
    return;
  }
  const std::uint32_t median = LowerMedian(scores);
  const auto [low, high] = std::minmax_element(scores.begin(), scores.end());
  if (median - *low <= band && *high - median <= band) return;
  const auto [kind, why] = WhyApart(opinions);
  findings.push_back(MakeFinding(
      device, kind, opinions,
      absl::StrCat(begin, ", more than ", band, " from the median ", median, "; ", why, ".")));
}

void CompareVerdicts(std::uint32_t device, v1::Kind kind, const std::vector<Opinion>& opinions,
                     std::vector<Finding>& findings) {
  std::vector<std::string> passes, fails;
  for (const Opinion& opinion : opinions) {
    const KindAccount* account = FindKind(*opinion.log, device, kind);
    if (account == nullptr) continue;
    const std::uint32_t failures = account->failures();
    const std::string text = absl::StrCat("slot ", opinion.slot(), ": ", VerdictText(account));
    if (account->passed > failures) passes.push_back(text);
    if (account->passed < failures) fails.push_back(text);
  }
  if (passes.empty() || fails.empty()) return;
  findings.push_back(MakeFinding(
      device, kind, opinions,
      absl::StrCat("Device ", device, "'s ", NameOf(kind),
                   " challenges mostly pass at one checker and mostly fail at another (",
                   absl::StrJoin(passes, "; "), "; ", absl::StrJoin(fails, "; "), ").")));
}

}  // namespace

const KindAccount* FindKind(const CheckerLog& log, std::uint32_t device, v1::Kind kind) {
  const auto account = log.devices.find(device);
  if (account == log.devices.end()) return nullptr;
  const auto found = account->second.kinds.find(kind);
  return found == account->second.kinds.end() ? nullptr : &found->second;
}

std::string VerdictText(const KindAccount* account) {
  if (account == nullptr) return "-";
  std::vector<std::string> parts;
  if (account->passed > 0) parts.push_back(absl::StrCat(account->passed, " passed"));
  if (account->failures() > 0) {
    parts.push_back(
        absl::StrCat(account->failures(), " failed (", ReasonCounts(account->failed), ")"));
  }
  if (!account->inconclusive.empty()) {
    parts.push_back(absl::StrCat(account->inconclusive_records.size(), " inconclusive (",
                                 ReasonCounts(account->inconclusive), ")"));
  }
  return absl::StrJoin(parts, ", ");
}

std::vector<std::uint64_t> TellingRecords(const KindAccount* account) {
  if (account == nullptr) return {};
  if (account->counted.empty()) return FirstOf(account->inconclusive_records);
  std::vector<CountedChallenge> counted = account->counted;
  std::stable_sort(counted.begin(), counted.end(),
                   [](const CountedChallenge& a, const CountedChallenge& b) {
                     return a.share_ppm < b.share_ppm;
                   });
  std::vector<std::uint64_t> records;
  for (const CountedChallenge& challenge : counted) records.push_back(challenge.record);
  return FirstOf(std::move(records));
}

std::vector<Finding> FindJudgedDifferently(const std::vector<CheckerLog>& logs,
                                           std::uint32_t band) {
  std::set<std::uint32_t> devices;
  for (const CheckerLog& log : logs) {
    for (const auto& [device, account] : log.devices) devices.insert(device);
  }
  std::vector<Finding> findings;
  for (const std::uint32_t device : devices) {
    const std::vector<Opinion> opinions = OpinionsOf(logs, device);
    if (opinions.size() < 2) continue;
    CompareScores(device, opinions, band, findings);
    for (const v1::Kind kind : kComparedKinds) CompareVerdicts(device, kind, opinions, findings);
  }
  return findings;
}

}  // namespace kaisar::audit
