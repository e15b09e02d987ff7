#include "audit/device_explanation.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "audit/figures.h"
#include "audit/names.h"
#include "base/status_macros.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

using Kinds = std::map<v1::Kind, challenges::KindPolicy>;

/// What the device's phase asks; nothing where the policy has no such phase.
const Kinds& KindsOf(const DeviceExplanation& explained) {
  static const auto* const kNone = new Kinds();
  const auto found = explained.policy.phases.find(explained.device.phase());
  return found == explained.policy.phases.end() ? *kNone : found->second;
}

Shares SharesOf(const DeviceScore& score) {
  return {score.availability_ppm, score.latency_ppm, score.compute_ppm, score.bandwidth_ppm};
}

std::uint32_t Conclusive(const DeviceExplanation& explained, v1::Kind kind) {
  const auto found = explained.conclusive.find(kind);
  return found == explained.conclusive.end() ? 0 : found->second;
}

std::string Line(const ScorePart& part) {
  std::string line = part.name;
  line.resize(14, ' ');
  return absl::StrCat(line, part.formula, " = ", part.ppm, " ppm\n");
}

/// "10^6 · 5 / 8", with a limit where it counts.
std::string Fraction(std::uint64_t part, std::uint64_t whole) {
  if (part > whole) return absl::StrCat("min(10^6, 10^6 · ", part, " / ", whole, ")");
  return absl::StrCat("10^6 · ", part, " / ", whole);
}

std::string LatencyText(const DeviceExplanation& explained) {
  const challenges::LatencyPolicy& policy = explained.policy.latency;
  const std::uint32_t rtt_us = explained.score.median_rtt_us;
  const std::string median =
      absl::StrCat("median RTT ", rtt_us, " us of ", explained.answered, " answered: ");
  if (explained.answered == 0) return "nothing answered";
  if (rtt_us <= policy.target_us) {
    return absl::StrCat(median, "at most the target, ", policy.target_us, " us");
  }
  if (rtt_us >= policy.limit_us) {
    return absl::StrCat(median, "not below the limit, ", policy.limit_us, " us");
  }
  return absl::StrCat(median, "10^6 · (", policy.limit_us, " - ", rtt_us, ") / (", policy.limit_us,
                      " - ", policy.target_us, ")");
}

std::string BandwidthText(const DeviceExplanation& explained) {
  const challenges::BandwidthPolicy& policy = explained.policy.bandwidth;
  const std::uint32_t count = Conclusive(explained, v1::BANDWIDTH);
  if (count == 0) return "nothing measured";
  const v1::Device& device = explained.device;
  return absl::StrCat("medians of ", count, ", in bit/s: the smaller of down ",
                      Fraction(explained.score.median_down_bits_per_second,
                               challenges::CountedRate(device.down_bits_per_second(), policy)),
                      " and up ",
                      Fraction(explained.score.median_up_bits_per_second,
                               challenges::CountedRate(device.up_bits_per_second(), policy)));
}

std::string QualityText(const DeviceExplanation& explained) {
  const Shares shares = SharesOf(explained.score);
  std::vector<std::string> terms, weights;
  bool computes = false;
  for (const auto& [kind, policy] : KindsOf(explained)) {
    terms.push_back(absl::StrCat(policy.weight, " · ", ShareOfKind(kind, shares)));
    weights.push_back(absl::StrCat(policy.weight));
    computes = computes || (kind == v1::MATMUL && policy.weight > 0);
  }
  if (terms.empty()) return "nothing asked";
  const std::string mean =
      absl::StrCat("(", absl::StrJoin(terms, " + "), ") / (", absl::StrJoin(weights, " + "), ")");
  if (!computes) return mean;
  return absl::StrCat("the smaller of ", mean, " and compute ", shares.compute_ppm);
}

/// One thing that could be different, and the score that there would be.
struct Gain {
  std::uint32_t score = 0;
  std::string condition;
};

/// What each share that is not whole would bring by itself, the largest first.
std::vector<Gain> GainsOf(const DeviceExplanation& explained) {
  const DeviceScore& score = explained.score;
  const v1::Device& device = explained.device;
  const Kinds& kinds = KindsOf(explained);
  std::vector<Gain> gains;
  const auto consider = [&](std::uint32_t Shares::*share, std::string condition) {
    Shares shares = SharesOf(score);
    if (shares.*share == kWholeShare) return;
    shares.*share = kWholeShare;
    const std::uint32_t reached = ScoreOfShares(QualityOf(kinds, shares), shares.availability_ppm);
    if (reached > *score.score) gains.push_back({reached, std::move(condition)});
  };
  consider(&Shares::compute_ppm,
           absl::StrCat("its median rate were the claimed ", FormatRate(device.ops_per_second()),
                        " instead of ", FormatRate(score.median_ops_per_second)));
  consider(&Shares::availability_ppm,
           absl::StrCat("it had answered all ", Conclusive(explained, v1::LATENCY),
                        " latency challenges that count instead of ", explained.answered));
  consider(&Shares::latency_ppm,
           absl::StrCat("its median RTT were at most ",
                        FormatMicroseconds(explained.policy.latency.target_us), " instead of ",
                        FormatMicroseconds(score.median_rtt_us)));
  const challenges::BandwidthPolicy& bandwidth = explained.policy.bandwidth;
  consider(
      &Shares::bandwidth_ppm,
      absl::StrCat("its median rates were ",
                   FormatBitRate(challenges::CountedRate(device.down_bits_per_second(), bandwidth)),
                   " down and ",
                   FormatBitRate(challenges::CountedRate(device.up_bits_per_second(), bandwidth)),
                   " up instead of ", FormatBitRate(score.median_down_bits_per_second), " and ",
                   FormatBitRate(score.median_up_bits_per_second)));
  std::stable_sort(gains.begin(), gains.end(),
                   [](const Gain& a, const Gain& b) { return a.score > b.score; });
  return gains;
}

std::string GainText(const DeviceExplanation& explained) {
  std::vector<std::string> texts;
  for (const Gain& gain : GainsOf(explained)) {
    texts.push_back(
        absl::StrCat(texts.empty() ? "it would score " : "", gain.score, " if ", gain.condition));
  }
  if (texts.empty()) return "only several of these together being better would bring more";
  return absl::StrJoin(texts, ", and ");
}

}  // namespace

absl::StatusOr<DeviceExplanation> ExplainDevice(const std::string& log_path, std::uint32_t device) {
  DeviceExplanation explained;
  v1::Roster roster;  // the device alone
  std::optional<Scorer> scorer;
  ChallengeVisitor visitor;
  visitor.opened = [&](const OpenedEpoch& epoch) {
    RETURN_IF_ERROR(CheckIsInRoster(log_path, epoch, device));
    explained.device = *challenges::FindDevice(epoch.opened.roster(), device);
    explained.policy = epoch.policy;
    explained.epoch = epoch.opened.epoch();
    explained.slot = epoch.opened.slot();
    *roster.add_devices() = explained.device;
    scorer.emplace(roster, explained.policy);
    return absl::OkStatus();
  };
  visitor.closed = [&](const OpenedEpoch&, const LoggedChallenge& challenge) {
    const v1::ChallengeClosed& closed = challenge.closed;
    if (closed.device() != device) return absl::OkStatus();
    scorer->Add(closed, challenge.commitment);
    const bool passed = closed.verdict() == v1::PASS;
    if (passed || closed.verdict() == v1::FAIL) ++explained.conclusive[closed.kind()];
    if (passed && closed.kind() == v1::LATENCY) ++explained.answered;
    return absl::OkStatus();
  };
  ASSIGN_OR_RETURN(const LogSummary summary, ReadChallenges(log_path, visitor));
  if (!scorer.has_value()) {
    return absl::FailedPreconditionError(absl::StrCat(log_path, ": has no record"));
  }
  explained.score = scorer->Scores().front();
  explained.root = summary.root;
  return explained;
}

std::vector<ScorePart> PartsOf(const DeviceExplanation& explained) {
  const DeviceScore& score = explained.score;
  const std::uint32_t asked = Conclusive(explained, v1::LATENCY);
  std::vector<ScorePart> parts = {
      {"availability",
       asked == 0 ? "no latency challenge counts"
                  : absl::StrCat("10^6 · ", explained.answered, " / (", explained.answered, " + ",
                                 asked - explained.answered, ")"),
       score.availability_ppm}};
  for (const auto& [kind, policy] : KindsOf(explained)) {
    if (kind == v1::LATENCY) {
      parts.push_back({"latency", LatencyText(explained), score.latency_ppm});
    } else if (kind == v1::BANDWIDTH) {
      parts.push_back({"bandwidth", BandwidthText(explained), score.bandwidth_ppm});
    } else {
      parts.push_back(
          {"compute",
           absl::StrCat("median of ", Conclusive(explained, kind), ", in op/s: ",
                        Fraction(score.median_ops_per_second, explained.device.ops_per_second())),
           score.compute_ppm});
    }
  }
  parts.push_back({"quality", QualityText(explained), score.quality_ppm});
  return parts;
}

std::string ScoreFormula(const DeviceExplanation& explained) {
  const DeviceScore& score = explained.score;
  std::string text =
      absl::StrCat("floor(200 · floor(", score.quality_ppm, " · ", score.availability_ppm,
                   " / 10^6) / 10^6) = ", ScoreOfShares(score.quality_ppm, score.availability_ppm));
  if (score.proof_invalid) absl::StrAppend(&text, "; 0 for a wrong proof");
  if (!score.score.has_value()) absl::StrAppend(&text, "; none, for want of evidence");
  return text;
}

std::string ShareLines(const DeviceExplanation& explained) {
  std::string text;
  for (const ScorePart& part : PartsOf(explained)) absl::StrAppend(&text, Line(part));
  return absl::StrCat(text, "score         ", ScoreFormula(explained), "\n");
}

std::string ScoreSentence(const DeviceExplanation& explained) {
  const DeviceScore& score = explained.score;
  const std::string who = absl::StrCat("Device ", score.device);
  if (!score.score.has_value()) {
    return absl::StrCat(who, " has no score, which is not a score of 0: ", score.explanation,
                        "; with the evidence it would have one.");
  }
  if (score.proof_invalid) {
    return absl::StrCat(who, " scored 0 of 200: ", score.explanation,
                        "; without that its shares would give ",
                        ScoreOfShares(score.quality_ppm, score.availability_ppm), ".");
  }
  if (*score.score == kMostScore) {
    return absl::StrCat(who,
                        " scored 200 of 200: it was there, near and as fast as it claims, "
                        "and there is no more to get.");
  }
  return absl::StrCat(who, " scored ", *score.score, " of 200: ", score.explanation, "; ",
                      GainText(explained), ".");
}

}  // namespace kaisar::audit
