#include "audit/comparison.h"

#include <algorithm>
#include <utility>

#include "audit/comparison_judgements.h"

namespace kaisar::audit {

Comparison CompareLogs(std::vector<CheckerLog> logs, const Geography& geography,
                       std::uint32_t band) {
  std::sort(logs.begin(), logs.end(),
            [](const CheckerLog& a, const CheckerLog& b) { return a.slot() < b.slot(); });
  Comparison comparison;
  comparison.findings = FindJudgedDifferently(logs, band);
  comparison.distances = FindImpossibleDistances(logs, geography);
  comparison.sharing = FindSharedHardware(logs);
  for (const std::vector<Finding>* more :
       {&comparison.distances.findings, &comparison.sharing.findings}) {
    comparison.findings.insert(comparison.findings.end(), more->begin(), more->end());
  }
  comparison.logs = std::move(logs);
  comparison.geography = geography;
  return comparison;
}

}  // namespace kaisar::audit
