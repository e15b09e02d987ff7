#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "audit/compare_command.h"
#include "audit/comparison_judgements.h"
#include "audit/figures.h"
#include "audit/names.h"
#include "audit/text_table.h"
#include "base/hex.h"
#include "base/printable.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t kMostRegionBytes = 24;
constexpr std::size_t kMostShown = 20;  // findings of a kind

std::vector<std::string> Heading(const Comparison& comparison, std::vector<std::string> first) {
  for (const CheckerLog& log : comparison.logs) first.push_back(absl::StrCat("slot ", log.slot()));
  return first;
}

void PrintLogs(const Comparison& comparison, std::ostream& out) {
  const v1::EpochOpened& opened = comparison.logs.front().epoch.opened;
  out << "epoch " << opened.epoch() << " on chain " << opened.roster().chain_id() << ", contract 0x"
      << ToHex(ViewOf(opened.roster().contract())) << "\n\n";
  Rows rows = {{"slot", "records", "root", "log"}};
  for (const CheckerLog& log : comparison.logs) {
    rows.push_back({absl::StrCat(log.slot()), absl::StrCat(log.summary.records),
                    ToPrefixedHex(log.summary.root), log.path});
  }
  out << AlignColumns(rows, {2, 3})
      << "They are believed here, not checked: run kaisar-audit verify on each first, and see that "
         "the root is the report's.\n\n";
}

std::set<std::uint32_t> DevicesOf(const Comparison& comparison) {
  std::set<std::uint32_t> devices;
  for (const CheckerLog& log : comparison.logs) {
    for (const auto& [device, account] : log.devices) devices.insert(device);
  }
  return devices;
}

std::string RegionOf(const Comparison& comparison, std::uint32_t id) {
  for (const CheckerLog& log : comparison.logs) {
    const v1::Device* device = challenges::FindDevice(log.epoch.opened.roster(), id);
    if (device != nullptr) return Printable(device->region(), kMostRegionBytes);
  }
  return "";
}

const DeviceAccount* FindAccount(const CheckerLog& log, std::uint32_t device) {
  const auto found = log.devices.find(device);
  return found == log.devices.end() ? nullptr : &found->second;
}

std::string ScoreText(const DeviceAccount* account) {
  if (account == nullptr) return "-";
  return account->score.score.has_value() ? absl::StrCat(*account->score.score) : "none";
}

/// "1.20 ms, 1.35 ms".
std::string RttText(const DeviceAccount* account) {
  if (account == nullptr || !account->smallest_rtt.has_value()) return "-";
  return absl::StrCat(FormatMicroseconds(account->smallest_rtt->us), ", ",
                      FormatMicroseconds(account->score.median_rtt_us));
}

/// A table with a row for each device.
void PrintDevices(const Comparison& comparison, const std::string& title,
                  std::string (*cell)(const DeviceAccount*), std::ostream& out) {
  out << title << "\n";
  Rows rows = {Heading(comparison, {"device", "region"})};
  for (const std::uint32_t device : DevicesOf(comparison)) {
    std::vector<std::string> row = {absl::StrCat(device), RegionOf(comparison, device)};
    for (const CheckerLog& log : comparison.logs) row.push_back(cell(FindAccount(log, device)));
    rows.push_back(std::move(row));
  }
  out << AlignColumns(rows, {1}) << "\n";
}

/// The verdicts of the devices that are judged differently, by kind.
void PrintVerdicts(const Comparison& comparison, std::ostream& out) {
  std::set<std::uint32_t> devices;
  for (const Finding& finding : comparison.findings) {
    if (finding.kind != Finding::Kind::kJudgedDifferently) continue;
    devices.insert(finding.devices.begin(), finding.devices.end());
  }
  if (devices.empty()) return;
  out << "Verdicts of the devices that are judged differently\n";
  Rows rows = {{"device", "kind", "slot", "verdicts"}};
  for (const std::uint32_t device : devices) {
    for (const v1::Kind kind : kComparedKinds) {
      for (const CheckerLog& log : comparison.logs) {
        const KindAccount* account = FindKind(log, device, kind);
        if (account == nullptr) continue;
        rows.push_back(
            {absl::StrCat(device), NameOf(kind), absl::StrCat(log.slot()), VerdictText(account)});
      }
    }
  }
  out << AlignColumns(rows, {1, 3}) << "\n";
}

std::string NameOf(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::kJudgedDifferently:
      return "verdicts";
    case Finding::Kind::kImpossibleDistance:
      return "distances";
    case Finding::Kind::kSharedHardware:
      return "shared GPUs";
  }
  return "";
}

std::string RecordsText(const Finding& finding) {
  std::vector<std::string> texts;
  for (const auto& [slot, records] : finding.records) {
    if (!records.empty()) {
      texts.push_back(absl::StrCat("slot ", slot, ": ", absl::StrJoin(records, ", ")));
    }
  }
  return absl::StrJoin(texts, "; ");
}

void PrintFindings(const Comparison& comparison, std::ostream& out) {
  std::size_t number = 0;
  std::map<Finding::Kind, std::size_t> shown;
  for (const Finding& finding : comparison.findings) {
    ++number;
    if (++shown[finding.kind] > kMostShown) continue;
    out << number << ". " << finding.sentence
        << "\n   Records to look at, the worst first: " << RecordsText(finding) << "\n";
  }
  for (const auto& [kind, count] : shown) {
    if (count > kMostShown) {
      out << "… and " << count - kMostShown << " more of " << NameOf(kind) << "; --json has them\n";
    }
  }
  if (number > 0) out << "\n";
}

void PrintDistancesChecked(const Comparison& comparison, std::ostream& out) {
  const DistanceComparison& distances = comparison.distances;
  if (comparison.geography.checkers.empty()) {
    out << "Distances: not checked, as no log says where a checker is; --place and --region do.\n";
    return;
  }
  out << "Distances: " << distances.pairs_checked << " of a device and two checkers checked, "
      << distances.regions_checked << " of a device's region and a checker; " << kMostKmPerMs
      << " km in a ms of RTT are the limit.\n";
  for (const auto& [slot, found] : distances.slots) {
    if (found.devices == 0) continue;
    out << "  slot " << slot << " is in contradictions about " << found.devices << " of the "
        << found.answered << " devices that answered it\n";
  }
  for (const std::uint32_t slot : distances.slots_in_all) {
    out << "  slot " << slot
        << " is in all of them: look at its place and its times before you suspect the devices\n";
  }
}

void PrintSharingChecked(const Comparison& comparison, std::ostream& out) {
  const SharingComparison& sharing = comparison.sharing;
  out << "Shared GPUs: of " << sharing.pairs << " pairs of devices, " << sharing.pairs_tested
      << " were at work together often enough to tell (the most were " << sharing.most_together
      << " times, the least that tells is " << kLeastTogether << "); at the muster "
      << sharing.muster.fallen.size() << " of " << sharing.muster.mustered << " devices fell to "
      << FormatShare(kFallenPpm) << " of their usual rate or below, at other times "
      << sharing.muster.others_fallen << " of their " << sharing.muster.others << " rates.\n";
}

}  // namespace

void PrintComparison(const Comparison& comparison, std::ostream& out) {
  PrintLogs(comparison, out);
  PrintDevices(comparison, "Scores, of 200", ScoreText, out);
  PrintDevices(comparison, "RTTs: smallest, median", RttText, out);
  PrintVerdicts(comparison, out);
  PrintFindings(comparison, out);
  PrintDistancesChecked(comparison, out);
  PrintSharingChecked(comparison, out);
  const std::size_t found = comparison.findings.size();
  if (found == 0) {
    out << "nothing found\n";
  } else {
    out << found << (found == 1 ? " finding" : " findings") << "\n";
  }
}

}  // namespace kaisar::audit
