#include "audit/compare_command.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

constexpr int kWrong = 1;
constexpr int kUnreadable = 2;
constexpr int kFound = 3;
constexpr std::size_t kFewestLogs = 2;
constexpr std::size_t kMostLogs = 64;  // all are held in memory; a committee has seven

/// "--place" "0=50.11,8.68" at its first "=".
absl::StatusOr<std::pair<std::string, std::string>> SplitOption(const std::string& option,
                                                                const std::string& value) {
  std::pair<std::string, std::string> parts = absl::StrSplit(value, absl::MaxSplits('=', 1));
  if (!parts.first.empty() && !parts.second.empty()) return parts;
  return absl::InvalidArgumentError(
      absl::StrCat(option, ": '", value, "' has no '=' between what and where"));
}

absl::Status In(const std::string& option, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(option, ": ", status.message()));
}

absl::StatusOr<Geography> ParseGeography(const CompareOptions& options) {
  Geography geography;
  for (const std::string& text : options.places) {
    ASSIGN_OR_RETURN(const auto parts, SplitOption("--place", text));
    std::uint32_t slot = 0;
    if (!absl::SimpleAtoi(parts.first, &slot)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--place: '", text, "' begins with '", parts.first, "', expected a slot"));
    }
    const absl::StatusOr<Place> place = ParsePlace(parts.second, kPlaceRadiusKm);
    if (!place.ok()) return In("--place", place.status());
    if (!geography.checkers.emplace(slot, *place).second) {
      return absl::InvalidArgumentError(absl::StrCat("--place: slot ", slot, " is there twice"));
    }
  }
  for (const std::string& text : options.regions) {
    ASSIGN_OR_RETURN(const auto parts, SplitOption("--region", text));
    const absl::StatusOr<Place> place = ParsePlace(parts.second, 0);
    if (!place.ok()) return In("--region", place.status());
    // Without it a region would be a point, and its devices' distances wrong by its size.
    if (std::count(parts.second.begin(), parts.second.end(), ',') != 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("--region: '", text, "' has no radius, expected NAME=LAT,LON,KM"));
    }
    if (!geography.regions.emplace(parts.first, *place).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("--region: '", parts.first, "' is there twice"));
    }
  }
  return geography;
}

/// NotFound for a place or region that nothing in the logs has: it would be left out in silence.
absl::Status CheckIsKnown(const Geography& geography, const std::vector<CheckerLog>& logs) {
  std::vector<std::string> slots;
  for (const CheckerLog& log : logs) slots.push_back(absl::StrCat(log.slot()));
  for (const auto& [slot, place] : geography.checkers) {
    if (std::find(slots.begin(), slots.end(), absl::StrCat(slot)) == slots.end()) {
      return absl::NotFoundError(absl::StrCat(
          "--place: slot ", slot, " has no log here; those have: ", absl::StrJoin(slots, ", ")));
    }
  }
  std::set<std::string> regions;
  for (const CheckerLog& log : logs) {
    for (const v1::Device& device : log.epoch.opened.roster().devices()) {
      regions.insert(device.region());
    }
  }
  for (const auto& [region, place] : geography.regions) {
    if (regions.count(region) == 0) {
      return absl::NotFoundError(absl::StrCat("--region: no device is in '", region, "'"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Comparison> Compare(const CompareOptions& options) {
  if (options.log_paths.size() < kFewestLogs || options.log_paths.size() > kMostLogs) {
    return absl::InvalidArgumentError(absl::StrCat("logs given: ", options.log_paths.size(),
                                                   ", expected ", kFewestLogs, " to ", kMostLogs));
  }
  ASSIGN_OR_RETURN(const Geography geography, ParseGeography(options));
  std::vector<CheckerLog> logs;
  for (const std::string& path : options.log_paths) {
    ASSIGN_OR_RETURN(CheckerLog log, ReadCheckerLog(path));
    logs.push_back(std::move(log));
  }
  RETURN_IF_ERROR(CheckSameEpoch(logs));
  RETURN_IF_ERROR(CheckIsKnown(geography, logs));
  return CompareLogs(std::move(logs), geography, options.band);
}

}  // namespace

int RunCompare(const CompareOptions& options, std::ostream& out, std::ostream& errors) {
  const absl::StatusOr<Comparison> comparison = Compare(options);
  if (!comparison.ok()) {
    errors << "kaisar-audit: " << comparison.status().message() << "\n";
    return absl::IsDataLoss(comparison.status()) ? kWrong : kUnreadable;
  }
  if (options.json) {
    out << ComparisonToJson(*comparison);
  } else {
    PrintComparison(*comparison, out);
  }
  return comparison->findings.empty() ? 0 : kFound;
}

}  // namespace kaisar::audit
