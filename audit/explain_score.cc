// Says in words what made a score what it is; decides nothing.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "audit/figures.h"
#include "audit/names.h"
#include "audit/score.h"

namespace kaisar::audit {
namespace {

constexpr std::uint32_t kWhole = 1'000'000;

/// "2 STOPPED, 1 CHECKER_OFFLINE", of the reasons of one sort.
std::string ListReasons(const std::map<v1::Reason, std::uint32_t>& reasons, bool inconclusive) {
  std::vector<std::string> parts;
  for (const auto& [reason, count] : reasons) {
    if ((reason >= v1::CHECKER_OFFLINE) != inconclusive) continue;
    parts.push_back(absl::StrCat(count, " ", v1::Reason_Name(reason)));
  }
  return absl::StrJoin(parts, ", ");
}

std::string InParentheses(const std::string& text) {
  return text.empty() ? "" : absl::StrCat(" (", text, ")");
}

}  // namespace

std::string Scorer::Explain(const v1::Device& device, const Tally& tally,
                            const DeviceScore& score) const {
  const std::string failures = ListReasons(score.reasons, false);
  if (score.proof_invalid) {
    return absl::StrCat("a wrong proof makes the score 0", InParentheses(failures));
  }
  std::vector<std::string> parts;
  if (!score.score.has_value()) {
    for (const auto& [kind, policy] : policy_.phases.at(device.phase())) {
      const auto found = tally.conclusive.find(kind);
      const std::uint32_t have = found == tally.conclusive.end() ? 0 : found->second;
      if (have >= policy.least_evidence) continue;
      parts.push_back(absl::StrCat(have, " conclusive ", NameOf(kind), " challenges of the ",
                                   policy.least_evidence, " needed"));
    }
    return absl::StrCat("left out: ", absl::StrJoin(parts, ", "),
                        InParentheses(ListReasons(score.reasons, true)));
  }
  const bool computes = policy_.Find(device.phase(), v1::MATMUL) != nullptr;
  if (computes && score.compute_ppm < kWhole) {
    parts.push_back(
        absl::StrCat("reached ", FormatShare(score.compute_ppm), " of the claimed rate"));
  }
  if (policy_.Find(device.phase(), v1::BANDWIDTH) != nullptr && score.bandwidth_ppm < kWhole) {
    parts.push_back(absl::StrCat("measured ", FormatBitRate(score.median_down_bits_per_second),
                                 " down and ", FormatBitRate(score.median_up_bits_per_second),
                                 " up, ", FormatShare(score.bandwidth_ppm), " of what counts"));
  }
  if (score.availability_ppm < kWhole) {
    parts.push_back(absl::StrCat("answered ", FormatShare(score.availability_ppm),
                                 " of the latency challenges"));
  }
  if (score.latency_ppm < kWhole && tally.answered > 0) {
    parts.push_back(absl::StrCat("median RTT ", FormatMicroseconds(score.median_rtt_us),
                                 " is above the target of ",
                                 FormatMicroseconds(policy_.latency.target_us)));
  }
  if (parts.empty()) return "";
  return absl::StrCat(absl::StrJoin(parts, "; "), InParentheses(failures));
}

}  // namespace kaisar::audit
