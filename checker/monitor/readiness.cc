#include "checker/monitor/readiness.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
/// Scoring and signing the log of a large epoch takes minutes; asking eight endpoints that all time
/// out takes some 40 s a request.
constexpr std::uint64_t kStuckNs = 900 * kSecondNs;
/// It is tried again every ten seconds: when none of six ended again, it goes on.
constexpr std::uint64_t kFailedNs = 60 * kSecondNs;
/// So long the chain may be out of sight: an endpoint that restarts is no news.
constexpr std::uint64_t kUnreadNs = 120 * kSecondNs;
constexpr std::uint64_t kLeastFreePart = 20;  // 5 %
/// A step is worth telling while the challenges that it disturbed are fresh.
constexpr std::uint64_t kSteppedNs = 600 * kSecondNs;
/// A block is made at its timestamp or a little after it: a clock before that is behind.
constexpr std::uint64_t kBehindS = 15;

constexpr absl::string_view kKeepsFromEarning[] = {
    "chain_stale",     "epoch_unopened", "off_duty",     "no_signatures",   "dispatch_stuck",
    "dispatch_failed", "chain_stuck",    "chain_unread", "not_on_duty_yet", "disk_full",
    "slot_left",       "nothing_scored", "no_coin",
};

void FindStuck(const RunFacts& facts, std::vector<Problem>& problems) {
  const auto stuck = [&](std::optional<std::uint64_t> alive_ns, const std::string& thread) {
    if (!alive_ns.has_value() || facts.now_ns <= *alive_ns + kStuckNs) return;
    problems.push_back(
        {absl::StrCat(thread, "_stuck"),
         absl::StrCat("the thread ", thread, " made no progress for ",
                      (facts.now_ns - *alive_ns) / kSecondNs, " s, limit ", kStuckNs / kSecondNs),
         "is the disk hanging, or the machine out of memory? then start the checker again: it goes "
         "on where it was"});
  };
  stuck(facts.dispatch_alive_ns, "dispatch");
  stuck(facts.chain_alive_ns, "chain");
}

void FindFailed(const RunFacts& facts, std::vector<Problem>& problems) {
  if (!facts.dispatch_failed_ns || facts.now_ns >= *facts.dispatch_failed_ns + kFailedNs) return;
  problems.push_back({"dispatch_failed", absl::StrCat("no epoch is run: ", facts.dispatch_trouble),
                      "mend what it names, as a full disk: it is tried again every ten seconds. "
                      "What is reported goes to the chain all the same"});
}

void FindDisk(const RunFacts& facts, std::vector<Problem>& problems) {
  if (!facts.refused.empty()) {
    problems.push_back({"disk_full", facts.refused,
                        "make room on the data directory's file system: logs of epochs that are "
                        "settled may be moved elsewhere"});
    return;
  }
  if (facts.free_bytes >= facts.size_bytes / kLeastFreePart) return;
  problems.push_back({"disk_low",
                      absl::StrCat(facts.free_bytes, " of ", facts.size_bytes,
                                   " bytes are free on the data directory's file system, less "
                                   "than 5 %"),
                      "make room before new epochs are refused: logs of epochs that are settled "
                      "may be moved elsewhere"});
}

void FindUnusableLogs(const RunFacts& facts, std::vector<Problem>& problems) {
  for (const auto& [path, why] : facts.unusable_logs) {
    problems.push_back({"log_unusable", why,
                        absl::StrCat("mend what it names and start the checker again, while the "
                                     "epoch's commit window is to come; else move ",
                                     path, " elsewhere. Later epochs go on all the same")});
  }
}

void FindClock(const RunFacts& facts, std::vector<Problem>& problems) {
  if (facts.clock_stepped_ns.has_value() && facts.now_ns < *facts.clock_stepped_ns + kSteppedNs) {
    problems.push_back({"clock_stepped",
                        absl::StrFormat("the machine's clock was set by %.1f s, %d s ago",
                                        facts.clock_step_seconds,
                                        (facts.now_ns - *facts.clock_stepped_ns) / kSecondNs),
                        "challenges that were open then are inconclusive (CLOCK_STEPPED); let "
                        "chrony or systemd-timesyncd slew the clock instead"});
  }
  if (facts.slot.has_value() && facts.slot->now_s > facts.slot->wall_s + kBehindS) {
    problems.push_back({"clock_behind",
                        absl::StrCat("the newest block is ", facts.slot->now_s - facts.slot->wall_s,
                                     " s ahead of this machine's clock"),
                        "check chrony or systemd-timesyncd"});
  }
}

void FindChain(const RunFacts& facts, std::vector<Problem>& problems) {
  const std::uint64_t unread_ns = std::max(kUnreadNs, 3 * facts.chain_read_every_ns);
  if (!facts.chain_read_ns.has_value()) {
    problems.push_back({"chain_unread",
                        facts.chain_trouble.empty()
                            ? "the chain has not been read yet"
                            : absl::StrCat("the chain cannot be read: ", facts.chain_trouble),
                        "it is tried again by itself; if it stays, check the endpoints in "
                        "chain.rpc"});
  } else if (facts.now_ns > *facts.chain_read_ns + unread_ns) {
    problems.push_back({"chain_unread",
                        absl::StrCat("the chain could not be read for ",
                                     (facts.now_ns - *facts.chain_read_ns) / kSecondNs,
                                     " s: ", facts.chain_trouble),
                        "it is tried again by itself; if it stays, check the endpoints in "
                        "chain.rpc"});
  }
  if (!facts.slot.has_value()) return;
  const SlotStatus& slot = *facts.slot;
  if (!slot.state.ejected && !slot.has_left() && slot.epoch < slot.state.active_from) {
    problems.push_back({"not_on_duty_yet",
                        absl::StrCat("the first duty of slot ", slot.slot, " is in epoch ",
                                     slot.state.active_from, ", now is epoch ", slot.epoch),
                        "nothing: it begins by itself"});
  }
  std::vector<Problem> of_slot = FindProblems(slot);
  std::move(of_slot.begin(), of_slot.end(), std::back_inserter(problems));
}

}  // namespace

bool KeepsFromEarning(absl::string_view code) {
  return std::find(std::begin(kKeepsFromEarning), std::end(kKeepsFromEarning), code) !=
         std::end(kKeepsFromEarning);
}

Health CheckHealth(const RunFacts& facts) {
  Health health;
  FindStuck(facts, health.problems);
  health.alive = health.problems.empty();
  return health;
}

Readiness CheckReadiness(const RunFacts& facts) {
  Readiness readiness;
  FindStuck(facts, readiness.problems);
  FindFailed(facts, readiness.problems);
  FindDisk(facts, readiness.problems);
  FindUnusableLogs(facts, readiness.problems);
  FindClock(facts, readiness.problems);
  if (facts.on_chain) FindChain(facts, readiness.problems);
  readiness.ready =
      std::none_of(readiness.problems.begin(), readiness.problems.end(),
                   [](const Problem& problem) { return KeepsFromEarning(problem.code); });
  return readiness;
}

std::string HealthJson(const Health& health) {
  return monitor::ProblemsJson("alive", health.alive, health.problems, &KeepsFromEarning);
}

std::string ReadinessJson(const Readiness& readiness) {
  return monitor::ProblemsJson("ready", readiness.ready, readiness.problems, &KeepsFromEarning);
}

}  // namespace kaisar::checker
