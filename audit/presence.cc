#include "audit/presence.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace kaisar::audit {
namespace {

/// Answers are counted when the checker takes them up, a little after they came.
constexpr std::uint64_t kOfflineMarginMs = 1000;
/// A checker that is asked to stop closes what is open for some seconds and sends nothing more.
constexpr std::uint64_t kStopMarginMs = 10'000;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

/// Times from a hostile log must not wrap.
std::uint64_t AddUpTo(std::uint64_t a, std::uint64_t b) {
  return a > kNever - b ? kNever : a + b;
}

/// The earliest ends among calls that began at or after a time: of the best device, and of the best
/// other device.
struct Earliest {
  std::uint64_t ended_ms = kNever;
  std::uint32_t device = 0;
  std::uint64_t other_ended_ms = kNever;

  void Add(std::uint64_t ended, std::uint32_t of) {
    if (ended < ended_ms) {
      if (of != device) other_ended_ms = ended_ms;
      ended_ms = ended;
      device = of;
    } else if (of != device) {
      other_ended_ms = std::min(other_ended_ms, ended);
    }
  }
  std::uint64_t NotOf(std::uint32_t excluded) const {
    return device == excluded ? other_ended_ms : ended_ms;
  }
};

}  // namespace

void Presence::AddCall(std::uint32_t device, std::uint64_t sent_ms, std::uint64_t elapsed_ms,
                       bool answered) {
  calls_.push_back({sent_ms, AddUpTo(sent_ms, elapsed_ms), device, answered});
}

void Presence::ClaimOffline(std::string who, std::uint32_t device, std::uint64_t sent_ms,
                            std::uint64_t elapsed_ms) {
  offline_.push_back({std::move(who), device, sent_ms, AddUpTo(sent_ms, elapsed_ms)});
}

void Presence::ClaimStopped(std::string who, std::uint64_t from_ms, std::uint64_t until_ms) {
  stopped_.push_back({std::move(who), 0, from_ms, until_ms});
}

std::vector<std::string> Presence::Contradictions() {
  std::vector<std::string> found;
  std::sort(calls_.begin(), calls_.end(),
            [](const Call& a, const Call& b) { return a.sent_ms < b.sent_ms; });
  if (!offline_.empty()) CheckOffline(found);
  if (!stopped_.empty()) CheckStopped(found);
  return found;
}

void Presence::CheckOffline(std::vector<std::string>& found) const {
  std::vector<Earliest> from(calls_.size() + 1);
  for (std::size_t i = calls_.size(); i-- > 0;) {
    from[i] = from[i + 1];
    if (calls_[i].answered) from[i].Add(calls_[i].ended_ms, calls_[i].device);
  }
  for (const Claim& claim : offline_) {
    const auto first = std::lower_bound(
        calls_.begin(), calls_.end(), AddUpTo(claim.from_ms, kOfflineMarginMs),
        [](const Call& call, std::uint64_t sent_ms) { return call.sent_ms < sent_ms; });
    const std::uint64_t ended_ms =
        from[static_cast<std::size_t>(first - calls_.begin())].NotOf(claim.device);
    if (AddUpTo(ended_ms, kOfflineMarginMs) > claim.until_ms || ended_ms == kNever) continue;
    found.push_back(
        absl::StrCat(claim.who, ": is CHECKER_OFFLINE from ", claim.from_ms, " to ", claim.until_ms,
                     " ms, but another device's challenge was sent and answered in that "
                     "time, by ",
                     ended_ms, " ms"));
  }
}

void Presence::CheckStopped(std::vector<std::string>& found) const {
  // Calls that overlap belong to one process: a crash ends all that are open.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> present;
  for (const Call& call : calls_) {
    if (!present.empty() && call.sent_ms <= present.back().second) {
      present.back().second = std::max(present.back().second, call.ended_ms);
    } else {
      present.emplace_back(call.sent_ms, call.ended_ms);
    }
  }
  for (const Claim& claim : stopped_) {
    const auto after =
        std::upper_bound(present.begin(), present.end(), std::make_pair(claim.from_ms, kNever));
    if (after == present.begin()) continue;
    const auto [from_ms, until_ms] = *(after - 1);
    if (until_ms < AddUpTo(claim.until_ms, kStopMarginMs)) continue;
    found.push_back(absl::StrCat(claim.who, ": is STOPPED, but other challenges show that the ",
                                 "checker was running from ", from_ms, " to ", until_ms, " ms"));
  }
}

}  // namespace kaisar::audit
