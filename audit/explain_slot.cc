// What a slot was paid for an epoch, and why.

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "audit/explain_command.h"
#include "audit/settlement_names.h"
#include "audit/slot_pay.h"
#include "audit/text_table.h"
#include "base/clock.h"
#include "base/hex.h"
#include "chain/committee.h"
#include "chain/phase_name.h"

namespace kaisar::audit {
namespace {

constexpr int kDiffers = 1;
constexpr int kUnreadable = 2;

int Fail(const absl::Status& status, std::ostream& errors) {
  errors << "kaisar-audit: " << status.message() << "\n";
  return kUnreadable;
}

std::string OthersOf(const DeviceSettlement& device, std::uint32_t slot) {
  std::vector<std::string> texts;
  for (const CommitteeMember& member : device.members) {
    if (member.slot == slot) continue;
    texts.push_back(absl::StrCat(member.slot, "=",
                                 member.score.has_value() ? absl::StrCat(*member.score) : "-"));
  }
  return absl::StrJoin(texts, " ");
}

absl::StatusOr<chain::Deployment> ReadFacts(const SettleOptions& options, EpochFacts& facts) {
  const auto access = chain::ChainAccess::Open(options.chain, RealClock());
  if (!access.ok()) return access.status();
  absl::StatusOr<EpochFacts> read =
      ReadEpochFacts((*access)->contracts(), options.epoch, [](const std::string&) {});
  if (!read.ok()) return read.status();
  facts = *std::move(read);
  return (*access)->deployment();
}

}  // namespace

void PrintSlotPay(const EpochSettlement& epoch, std::uint32_t slot, std::uint8_t band,
                  std::ostream& out) {
  const SlotShare& share = epoch.slots[slot];
  out << "slot " << slot << ", epoch " << epoch.epoch << ": report " << NameOf(share.stage);
  if (share.stage == ReportStage::kRevealed) {
    out << " in 0x" << ToHex(share.reveal_transaction);
  }
  out << "\n\n";
  const SlotPay pay = ExplainSlotPay(epoch, slot, band);
  std::vector<std::vector<std::string>> rows = {
      {"device", "weight", "phase", "its score", "median", "others", "KAI", "of", "outcome"}};
  for (const SlotAnswer& answer : pay.answers) {
    const DeviceSettlement& device = *answer.device;
    const bool quorum = device.result.median != chain::kNoMedian;
    rows.push_back({absl::StrCat(device.device), absl::StrCat(device.weight), NameOf(device.phase),
                    answer.score.has_value() ? absl::StrCat(*answer.score) : "-",
                    quorum ? absl::StrCat(device.result.median) : "none", OthersOf(device, slot),
                    FormatEther(answer.earned), FormatEther(answer.at_stake), answer.outcome});
  }
  if (rows.size() > 1) out << AlignColumns(rows, {2, 5, 8}) << "\n";
  out << pay.sentence << "\n";
}

int RunExplainSlot(const SettleOptions& options, std::uint32_t slot, std::ostream& out,
                   std::ostream& errors) {
  EpochFacts facts;
  const absl::StatusOr<chain::Deployment> deployment = ReadFacts(options, facts);
  if (!deployment.ok()) return Fail(deployment.status(), errors);
  const EpochSettlement epoch = SettleAgain(facts);
  if (slot >= epoch.slots.size()) {
    return Fail(absl::NotFoundError(absl::StrCat("slot ", slot, " is not among the ",
                                                 epoch.slots.size(), " of epoch ", options.epoch)),
                errors);
  }
  if (options.json) {
    out << SlotPayToJson(epoch, slot, deployment->band);
    return epoch.differences.empty() ? 0 : kDiffers;
  }
  PrintSlotPay(epoch, slot, deployment->band, out);
  if (epoch.differences.empty()) return 0;
  out << "The chain did not pay what we compute: see `kaisar-audit settle`.\n";
  return kDiffers;
}

}  // namespace kaisar::audit
