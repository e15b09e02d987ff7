#include "audit/slot_pay.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chain/committee.h"

namespace kaisar::audit {
namespace {

constexpr std::size_t kMostNamed = 5;  // devices in the sentence

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

SlotAnswer AnswerOf(const DeviceSettlement& device, std::size_t place) {
  const SettlementResult& result = device.result;
  const CommitteeMember& member = device.members[place];
  SlotAnswer answer;
  answer.device = &device;
  answer.score = member.score;
  answer.at_stake = result.commission_each;
  const bool quorum = result.median != chain::kNoMedian;
  const bool agreed = (result.agreed_mask >> place & 1) == 1;
  answer.disagreed = quorum && answer.score.has_value() && !agreed;
  if (!answer.score.has_value()) {
    answer.outcome = member.revealed ? "left the device out" : "no report revealed";
  } else if (!quorum) {
    answer.outcome = "no quorum: whoever answered is paid";
  } else {
    answer.outcome =
        absl::StrCat(agreed ? "agrees, " : "disagrees, ", Distance(*member.score, result.median));
  }
  if (!device.settled) {
    absl::StrAppend(&answer.outcome, "; not settled yet");
  } else if (answer.score.has_value() && (!quorum || agreed)) {
    answer.earned = result.commission_each;
  }
  return answer;
}

/// "device 3 (20 against 200)", the first few of them.
std::string Named(const std::vector<std::string>& devices) {
  const std::size_t shown = std::min(devices.size(), kMostNamed);
  const std::vector<std::string> first(devices.begin(),
                                       devices.begin() + static_cast<std::ptrdiff_t>(shown));
  const std::size_t rest = devices.size() - shown;
  return absl::StrCat(absl::StrJoin(first, ", "),
                      rest > 0 ? absl::StrCat(" and ", rest, " more") : "");
}

std::string Sentence(const EpochSettlement& epoch, std::uint8_t band, const SlotPay& pay) {
  std::vector<std::string> disagreed, missed, reasons;
  std::size_t unsettled = 0;
  for (const SlotAnswer& answer : pay.answers) {
    const std::string name = absl::StrCat("device ", answer.device->device);
    if (!answer.device->settled) ++unsettled;
    if (answer.disagreed) {
      disagreed.push_back(
          absl::StrCat(name, " (", *answer.score, " against ", answer.device->result.median, ")"));
    }
    if (!answer.score.has_value()) missed.push_back(name);
  }
  if (!epoch.opening.has_value()) reasons.push_back("the epoch was not opened");
  if (epoch.opening.has_value() && pay.answers.empty()) {
    reasons.push_back("it was in no device's committee");
  }
  if (!disagreed.empty()) {
    reasons.push_back(
        absl::StrCat("its score was more than ", band, " from the median of ", Named(disagreed)));
  }
  if (!missed.empty()) reasons.push_back(absl::StrCat("it had no score for ", Named(missed)));
  if (unsettled > 0) {
    reasons.push_back(absl::StrCat(unsettled, " of its devices are not settled yet"));
  }
  if (reasons.empty()) {
    reasons.push_back(absl::StrCat("it answered for all of its devices, and was within ", band,
                                   " of every median"));
  }
  return absl::StrCat("Slot ", pay.slot, " earned ", FormatEther(pay.earned), " of ",
                      FormatEther(pay.at_stake), " KAI: ", absl::StrJoin(reasons, "; "), ".");
}

}  // namespace

SlotPay ExplainSlotPay(const EpochSettlement& epoch, std::uint32_t slot, std::uint8_t band) {
  SlotPay pay;
  pay.slot = slot;
  for (const DeviceSettlement& device : epoch.devices) {
    const std::optional<std::size_t> place = PlaceOf(device, slot);
    if (!place.has_value()) continue;
    SlotAnswer answer = AnswerOf(device, *place);
    pay.earned = pay.earned + answer.earned;
    pay.at_stake = pay.at_stake + answer.at_stake;
    pay.answers.push_back(std::move(answer));
  }
  pay.sentence = Sentence(epoch, band, pay);
  return pay;
}

}  // namespace kaisar::audit
