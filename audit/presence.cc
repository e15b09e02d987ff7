#include "audit/presence.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/bounded_sum.h"

namespace kaisar::audit {
namespace {

/// Answers are counted when the checker takes them up, a little after they came.
constexpr std::uint64_t kMarginMs = 1000;
/// A checker that is asked to stop closes what is open for some seconds and sends nothing more.
constexpr std::uint64_t kStopMarginMs = 10'000;
constexpr std::uint64_t kMsPerSecond = 1000;

}  // namespace

void Presence::Earliest::Add(std::uint64_t ended, std::uint32_t of) {
  if (of == device) {
    ended_ms = std::min(ended_ms, ended);
  } else if (ended < ended_ms) {
    other_ended_ms = std::exchange(ended_ms, ended);
    other_device = std::exchange(device, of);
  } else if (ended < other_ended_ms) {
    other_ended_ms = ended;
    other_device = of;
  }
}

void Presence::AddCall(std::uint32_t device, std::uint64_t sent_ms, std::uint64_t elapsed_ms,
                       bool answered) {
  const std::uint64_t ended_ms = AddUpTo(sent_ms, elapsed_ms);
  AddPresent(sent_ms, ended_ms);
  if (!answered) return;
  const std::uint64_t second = sent_ms / kMsPerSecond;
  answered_[second].Add(ended_ms, device);
  if (!kept_.has_value() || kept_->count(second) > 0) {
    calls_[second].push_back({sent_ms, ended_ms, device});
  }
}

// Calls that overlap belong to one process: a crash ends all that are open.
void Presence::AddPresent(std::uint64_t from_ms, std::uint64_t until_ms) {
  auto next = present_.upper_bound(from_ms);
  if (next != present_.begin()) {
    const auto before = std::prev(next);
    if (before->second >= from_ms) {
      if (before->second >= until_ms) return;
      from_ms = before->first;
      next = before;
    }
  }
  while (next != present_.end() && next->first <= until_ms) {
    until_ms = std::max(until_ms, next->second);
    next = present_.erase(next);
  }
  present_[from_ms] = until_ms;
}

void Presence::ClaimOffline(std::string who, std::uint32_t device, std::uint64_t sent_ms,
                            std::uint64_t elapsed_ms) {
  offline_.push_back({std::move(who), device, sent_ms, AddUpTo(sent_ms, elapsed_ms)});
}

void Presence::ClaimStopped(std::string who, std::uint64_t from_ms, std::uint64_t until_ms) {
  stopped_.push_back({std::move(who), 0, from_ms, until_ms});
}

void Presence::AddSteady(std::uint64_t sent_ms, std::uint64_t elapsed_ms) {
  std::uint64_t& ended_ms = steady_[sent_ms / kMsPerSecond];
  ended_ms = std::max(ended_ms, AddUpTo(sent_ms, elapsed_ms));
}

void Presence::ClaimStepped(std::string who, std::uint64_t sent_ms, std::uint64_t elapsed_ms) {
  stepped_.push_back({std::move(who), 0, sent_ms, AddUpTo(sent_ms, elapsed_ms)});
}

std::vector<std::string> Presence::Contradictions() const {
  std::vector<std::string> found;
  if (!offline_.empty()) CheckOffline(found);
  if (!stopped_.empty()) CheckStopped(found);
  if (!stepped_.empty()) CheckStepped(found);
  return found;
}

Presence::Seconds Presence::Unsettled() const {
  Seconds seconds;
  for (const FirstAnswer& first : FirstAnswers()) {
    if (first.unsettled.has_value()) seconds.insert(*first.unsettled);
  }
  return seconds;
}

std::vector<Presence::FirstAnswer> Presence::FirstAnswers() const {
  // The earliest ends of all that was sent in a second or later.
  std::vector<std::pair<std::uint64_t, Earliest>> from(answered_.begin(), answered_.end());
  for (std::size_t i = from.size(); i-- > 1;) {
    const Earliest& later = from[i].second;
    from[i - 1].second.Add(later.ended_ms, later.device);
    from[i - 1].second.Add(later.other_ended_ms, later.other_device);
  }
  std::vector<FirstAnswer> firsts;
  for (const Claim& claim : offline_) {
    FirstAnswer& first = firsts.emplace_back();
    const std::uint64_t least_ms = AddUpTo(claim.from_ms, kMarginMs);
    const std::uint64_t second = least_ms / kMsPerSecond;  // of which only a part counts
    const auto after = std::lower_bound(
        from.begin(), from.end(), second + 1,
        [](const auto& entry, std::uint64_t wanted) { return entry.first < wanted; });
    if (after != from.end()) first.ended_ms = after->second.NotOf(claim.device);
    const auto part = answered_.find(second);
    if (part == answered_.end()) continue;
    const std::uint64_t in_part_ms = part->second.NotOf(claim.device);
    if (in_part_ms >= first.ended_ms) continue;
    if (const auto calls = calls_.find(second); calls != calls_.end()) {
      for (const Call& call : calls->second) {
        if (call.sent_ms < least_ms || call.device == claim.device) continue;
        first.ended_ms = std::min(first.ended_ms, call.ended_ms);
      }
    } else if (AddUpTo(in_part_ms, kMarginMs) <= claim.until_ms) {
      first.unsettled = second;
    }
  }
  return firsts;
}

void Presence::CheckOffline(std::vector<std::string>& found) const {
  const std::vector<FirstAnswer> firsts = FirstAnswers();
  for (std::size_t i = 0; i < offline_.size(); ++i) {
    const Claim& claim = offline_[i];
    const std::uint64_t ended_ms = firsts[i].ended_ms;
    if (AddUpTo(ended_ms, kMarginMs) > claim.until_ms || ended_ms == kNever) continue;
    found.push_back(
        absl::StrCat(claim.who, ": is CHECKER_OFFLINE from ", claim.from_ms, " to ", claim.until_ms,
                     " ms, but another device's challenge was sent and answered in that "
                     "time, by ",
                     ended_ms, " ms"));
  }
}

void Presence::CheckStopped(std::vector<std::string>& found) const {
  for (const Claim& claim : stopped_) {
    const auto after = present_.upper_bound(claim.from_ms);
    if (after == present_.begin()) continue;
    const auto [from_ms, until_ms] = *std::prev(after);
    if (until_ms < AddUpTo(claim.until_ms, kStopMarginMs)) continue;
    found.push_back(absl::StrCat(claim.who, ": is STOPPED, but other challenges show that the ",
                                 "checker was running from ", from_ms, " to ", until_ms, " ms"));
  }
}

// A step of the clock is seen by every call that is open; one back and forth again by none that
// spans both.
void Presence::CheckStepped(std::vector<std::string>& found) const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> latest(steady_.begin(), steady_.end());
  for (std::size_t i = 1; i < latest.size(); ++i) {
    latest[i].second = std::max(latest[i].second, latest[i - 1].second);
  }
  for (const Claim& claim : stepped_) {
    const auto after = std::lower_bound(
        latest.begin(), latest.end(), claim.from_ms / kMsPerSecond,
        [](const auto& entry, std::uint64_t second) { return entry.first + 1 < second; });
    if (after == latest.begin()) continue;
    const std::uint64_t ended_ms = std::prev(after)->second;
    if (ended_ms < AddUpTo(claim.until_ms, kMarginMs)) continue;
    found.push_back(absl::StrCat(claim.who, ": clock_step_ms claims a step of the clock between ",
                                 claim.from_ms, " and ", claim.until_ms,
                                 " ms, but a call that was open from before until ", ended_ms,
                                 " ms saw none"));
  }
}

}  // namespace kaisar::audit
