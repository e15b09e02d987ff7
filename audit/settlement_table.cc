#include <algorithm>

#include "absl/strings/str_cat.h"
#include "audit/settle_command.h"
#include "audit/settlement_names.h"
#include "audit/text_table.h"
#include "base/hex.h"
#include "chain/committee.h"
#include "chain/phase_name.h"

namespace kaisar::audit {
namespace {

constexpr std::size_t kMostShown = 20;
using Rows = std::vector<std::vector<std::string>>;

std::string Kai(const Uint256& wei) {
  return FormatEther(wei);
}

/// "2=190 0=60! 1=-": slots in committee order; "!" lies outside the band, "-" is absent.
std::string Scores(const DeviceSettlement& device) {
  const SettlementResult& result = device.result;
  std::string text;
  for (std::size_t i = 0; i < device.members.size(); ++i) {
    const CommitteeMember& member = device.members[i];
    const bool outside = result.median != chain::kNoMedian && member.score.has_value() &&
                         (result.agreed_mask >> i & 1) == 0;
    absl::StrAppend(&text, i == 0 ? "" : " ", member.slot, "=",
                    member.score.has_value() ? absl::StrCat(*member.score) : "-",
                    outside ? "!" : "");
  }
  return text;
}

std::string Median(const SettlementResult& result) {
  return result.median == chain::kNoMedian ? "none" : absl::StrCat(result.median);
}

std::string Outcome(const DeviceSettlement& device) {
  if (!device.agrees) return "DIFFERS";
  if (!device.settled) return "not settled yet";
  std::string text = "agrees";
  if (!device.burned.is_zero()) absl::StrAppend(&text, ", bond burned ", Kai(device.burned));
  if (device.result.promotes) absl::StrAppend(&text, ", leaves registration");
  return text;
}

void PrintDevices(const EpochSettlement& epoch, std::optional<std::uint32_t> only,
                  std::ostream& out) {
  Rows rows = {
      {"device", "weight", "phase", "slot=score", "median", "provider KAI", "each KAI", "chain"}};
  for (const DeviceSettlement& device : epoch.devices) {
    if (only.has_value() && *only != device.device) continue;
    rows.push_back({absl::StrCat(device.device), absl::StrCat(device.weight), NameOf(device.phase),
                    Scores(device), Median(device.result), Kai(device.result.provider_pay),
                    Kai(device.result.commission_each), Outcome(device)});
  }
  if (rows.size() > 1) out << AlignColumns(rows, {2, 3, 7}) << "\n";
}

std::string Transactions(const SlotShare& slot) {
  switch (slot.stage) {
    case ReportStage::kRevealed:
      return absl::StrCat(ToPrefixedHex(slot.commit_transaction), " ",
                          ToPrefixedHex(slot.reveal_transaction));
    case ReportStage::kCommitted:
      return ToPrefixedHex(slot.commit_transaction);
    default:
      return "-";
  }
}

void PrintSums(const EpochSettlement& epoch, std::ostream& out) {
  Rows slots = {{"slot", "report", "agreed", "disagreed", "KAI", "commit and reveal transaction"}};
  for (std::size_t id = 0; id < epoch.slots.size(); ++id) {
    const SlotShare& slot = epoch.slots[id];
    slots.push_back({absl::StrCat(id), NameOf(slot.stage), absl::StrCat(slot.agreed),
                     absl::StrCat(slot.disagreed), Kai(slot.earned), Transactions(slot)});
  }
  if (slots.size() > 1) out << AlignColumns(slots, {1, 5}) << "\n";
  Rows providers = {{"provider", "KAI"}};
  for (const auto& [owner, earned] : epoch.providers)
    providers.push_back({ToPrefixedHex(owner), Kai(earned)});
  if (providers.size() > 1) out << AlignColumns(providers, {0}) << "\n";
}

void PrintTerms(const EpochSettlement& epoch, std::ostream& out) {
  out << "epoch " << epoch.epoch << ": ";
  if (!epoch.opening.has_value()) {
    out << "not opened, so nobody is paid\n";
  } else {
    out << "beacon " << ToPrefixedHex(epoch.opening->beacon) << ", block "
        << epoch.opening->block_number << (epoch.late ? ", opened late" : "") << "\n";
  }
  const Uint256 paid = epoch.to_providers + epoch.to_slots;
  out << "emission " << Kai(epoch.emission) << " KAI (" << Kai(epoch.funded)
      << " of it funded): " << Kai(epoch.to_providers) << " to providers, " << Kai(epoch.to_slots)
      << " to checkers, " << Kai(paid > epoch.emission ? Uint256() : epoch.emission - paid)
      << " to nobody" << (epoch.unsettled > 0 ? " yet" : "") << "\n\n";
}

/// How the payments of one device are made up, in wei.
void Explain(const EpochSettlement& epoch, const DeviceSettlement& device, std::ostream& out) {
  const SettlementResult& result = device.result;
  out << "owner            " << ToPrefixedHex(device.owner) << "\n"
      << "emission         " << epoch.emission.ToDecimal() << " wei\n"
      << "share            " << device.weight << " of " << epoch.total_weight << "\n"
      << "provider pay     " << result.provider_pay.ToDecimal() << " wei\n"
      << "commission each  " << result.commission_each.ToDecimal() << " wei\n"
      << "bond at stake    " << result.bond_at_stake.ToDecimal() << " wei, burned "
      << device.burned.ToDecimal() << "\n";
  if (device.settled) out << "settled in       " << ToPrefixedHex(device.transaction) << "\n";
  out << "\n";
}

void PrintDifferences(const EpochSettlement& epoch, std::ostream& out) {
  const std::size_t shown = std::min(epoch.differences.size(), kMostShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const SettlementDifference& found = epoch.differences[i];
    out << found.where << ": " << found.what << ": chain has " << found.chain << ", we compute "
        << found.ours << "\n";
  }
  if (epoch.differences.size() > shown) {
    out << "… and " << epoch.differences.size() - shown << " more\n";
  }
}

}  // namespace

void PrintSettlement(const EpochSettlement& epoch, std::optional<std::uint32_t> only,
                     std::ostream& out) {
  PrintTerms(epoch, out);
  PrintDevices(epoch, only, out);
  if (!only.has_value()) PrintSums(epoch, out);
  for (const DeviceSettlement& device : epoch.devices) {
    if (only.has_value() && *only == device.device) Explain(epoch, device, out);
  }
  PrintDifferences(epoch, out);
  const std::size_t settled = epoch.devices.size() - epoch.unsettled;
  if (epoch.differences.empty()) {
    out << "agrees to the wei: ";
  } else {
    out << "does not agree: " << epoch.differences.size()
        << (epoch.differences.size() == 1 ? " difference; " : " differences; ");
  }
  out << settled << " of " << epoch.devices.size() << " devices settled, " << epoch.slots.size()
      << " slots\n";
}

}  // namespace kaisar::audit
