// What a slot was paid for an epoch, and why.

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "audit/explain_command.h"
#include "audit/settlement_names.h"
#include "audit/text_table.h"
#include "base/clock.h"
#include "base/hex.h"
#include "chain/committee.h"
#include "chain/json_rpc_client.h"
#include "chain/phase_name.h"

namespace kaisar::audit {
namespace {

constexpr int kDiffers = 1;
constexpr int kUnreadable = 2;
constexpr std::size_t kMostNamed = 5;  // devices in the sentence

int Fail(const absl::Status& status, std::ostream& errors) {
  errors << "kaisar-audit: " << status.message() << "\n";
  return kUnreadable;
}

/// What became of one answer of the slot.
struct Answer {
  std::string outcome;
  Uint256 earned, at_stake;  // wei
  bool answered = false;
  bool disagreed = false;
};

std::optional<std::size_t> PlaceOf(const DeviceSettlement& device, std::uint32_t slot) {
  for (std::size_t i = 0; i < device.members.size(); ++i) {
    if (device.members[i].slot == slot) return i;
  }
  return std::nullopt;
}

/// "+12": how far the slot's score is from the median.
std::string Distance(std::uint8_t score, std::uint8_t median) {
  return score >= median ? absl::StrCat("+", score - median) : absl::StrCat("-", median - score);
}

Answer AnswerOf(const DeviceSettlement& device, std::size_t place) {
  const SettlementResult& result = device.result;
  const CommitteeMember& member = device.members[place];
  Answer answer;
  answer.answered = member.score.has_value();
  answer.at_stake = result.commission_each;
  const bool quorum = result.median != chain::kNoMedian;
  const bool agreed = (result.agreed_mask >> place & 1) == 1;
  answer.disagreed = quorum && answer.answered && !agreed;
  if (!answer.answered) {
    answer.outcome = member.revealed ? "left the device out" : "no report revealed";
  } else if (!quorum) {
    answer.outcome = "no quorum: whoever answered is paid";
  } else {
    answer.outcome =
        absl::StrCat(agreed ? "agrees, " : "disagrees, ", Distance(*member.score, result.median));
  }
  if (!device.settled) {
    absl::StrAppend(&answer.outcome, "; not settled yet");
  } else if (answer.answered && (!quorum || agreed)) {
    answer.earned = result.commission_each;
  }
  return answer;
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

/// "device 3 (20 against a median of 200)", the first few of them.
std::string Named(const std::vector<std::string>& devices) {
  const std::size_t shown = std::min(devices.size(), kMostNamed);
  const std::vector<std::string> first(devices.begin(),
                                       devices.begin() + static_cast<std::ptrdiff_t>(shown));
  const std::size_t rest = devices.size() - shown;
  return absl::StrCat(absl::StrJoin(first, ", "),
                      rest > 0 ? absl::StrCat(" and ", rest, " more") : "");
}

struct SlotSums {
  std::uint64_t asked = 0, unsettled = 0;
  Uint256 earned, at_stake;
  std::vector<std::string> disagreed, missed;
};

void PrintSentence(const EpochSettlement& epoch, std::uint32_t slot, std::uint8_t band,
                   const SlotSums& sums, std::ostream& out) {
  out << "Slot " << slot << " earned " << FormatEther(sums.earned) << " of "
      << FormatEther(sums.at_stake) << " KAI";
  std::vector<std::string> reasons;
  if (!epoch.opening.has_value()) reasons.push_back("the epoch was not opened");
  if (epoch.opening.has_value() && sums.asked == 0) {
    reasons.push_back("it was in no device's committee");
  }
  if (!sums.disagreed.empty()) {
    reasons.push_back(absl::StrCat("its score was more than ", band, " from the median of ",
                                   Named(sums.disagreed)));
  }
  if (!sums.missed.empty()) {
    reasons.push_back(absl::StrCat("it had no score for ", Named(sums.missed)));
  }
  if (sums.unsettled > 0) {
    reasons.push_back(absl::StrCat(sums.unsettled, " of its devices are not settled yet"));
  }
  if (reasons.empty()) {
    out << ": it answered for all of its devices, and was within " << static_cast<int>(band)
        << " of every median.\n";
  } else {
    out << ": " << absl::StrJoin(reasons, "; ") << ".\n";
  }
}

absl::StatusOr<chain::Deployment> ReadFacts(const SettleOptions& options, EpochFacts& facts) {
  absl::StatusOr<chain::Deployment> deployment = chain::ReadDeployment(options.deployment_path);
  if (!deployment.ok()) return deployment;
  chain::JsonRpcOptions rpc;
  rpc.endpoints = options.rpc;
  rpc.chain_id = deployment->chain_id;
  rpc.timeout_ms = options.timeout_ms;
  const auto client = chain::MakeJsonRpcClient(rpc, RealClock());
  if (!client.ok()) return client.status();
  chain::Contracts contracts(**client, *deployment);
  absl::StatusOr<EpochFacts> read =
      ReadEpochFacts(contracts, options.epoch, [](const std::string&) {});
  if (!read.ok()) return read.status();
  facts = *std::move(read);
  return deployment;
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
  SlotSums sums;
  std::vector<std::vector<std::string>> rows = {
      {"device", "weight", "phase", "its score", "median", "others", "KAI", "of", "outcome"}};
  for (const DeviceSettlement& device : epoch.devices) {
    const std::optional<std::size_t> place = PlaceOf(device, slot);
    if (!place.has_value()) continue;
    const Answer answer = AnswerOf(device, *place);
    const std::optional<std::uint8_t>& score = device.members[*place].score;
    const bool quorum = device.result.median != chain::kNoMedian;
    const std::string median = quorum ? absl::StrCat(device.result.median) : "none";
    const std::string said = score.has_value() ? absl::StrCat(*score) : "-";
    rows.push_back({absl::StrCat(device.device), absl::StrCat(device.weight), NameOf(device.phase),
                    said, median, OthersOf(device, slot), FormatEther(answer.earned),
                    FormatEther(answer.at_stake), answer.outcome});
    ++sums.asked;
    if (!device.settled) ++sums.unsettled;
    sums.earned = sums.earned + answer.earned;
    sums.at_stake = sums.at_stake + answer.at_stake;
    const std::string name = absl::StrCat("device ", device.device);
    if (answer.disagreed) {
      sums.disagreed.push_back(absl::StrCat(name, " (", said, " against ", median, ")"));
    }
    if (!answer.answered) sums.missed.push_back(name);
  }
  if (rows.size() > 1) out << AlignColumns(rows, {2, 5, 8}) << "\n";
  PrintSentence(epoch, slot, band, sums, out);
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
  PrintSlotPay(epoch, slot, deployment->band, out);
  if (epoch.differences.empty()) return 0;
  out << "The chain did not pay what we compute: see `kaisar-audit settle`.\n";
  return kDiffers;
}

}  // namespace kaisar::audit
