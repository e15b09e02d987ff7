#include "checker/progress.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "audit/figures.h"
#include "audit/names.h"
#include "base/printable.h"
#include "challenges/judge.h"
#include "challenges/latency/pings.h"

namespace kaisar::checker {
namespace {

constexpr std::size_t kMostNameBytes = 33;

DeviceProgress* FindDevice(ProgressSnapshot& state, std::uint32_t id) {
  const auto at = std::lower_bound(
      state.devices.begin(), state.devices.end(), id,
      [](const DeviceProgress& device, std::uint32_t wanted) { return device.id < wanted; });
  return at == state.devices.end() || at->id != id ? nullptr : &*at;
}

std::string KindLine(v1::Kind kind, const KindProgress& progress) {
  return absl::StrFormat("%-9s %7d of %d   passed %d   failed %d   inconclusive %d",
                         audit::NameOf(kind), progress.closed, progress.planned,
                         progress.verdicts.passed, progress.verdicts.failed,
                         progress.verdicts.inconclusive);
}

/// The two columns of rates, where the plan asks bandwidth.
std::string Rates(const DeviceProgress& device, bool shown) {
  if (!shown) return "";
  if (!device.bandwidth.has_value()) return absl::StrFormat("%11s %11s  ", "-", "-");
  return absl::StrFormat("%11s %11s  ",
                         audit::FormatBitRate(device.bandwidth->down_bits_per_second),
                         audit::FormatBitRate(device.bandwidth->up_bits_per_second));
}

std::string DeviceLine(const DeviceProgress& device, bool with_rates) {
  return absl::StrFormat(
      "%6d  %-33s %9s  %10s  %s%5d %5d %5d  %5d ms  %s", device.id, device.name,
      device.rtt_us.has_value() ? audit::FormatMicroseconds(*device.rtt_us) : "-",
      device.ops_per_second.has_value() ? audit::FormatRate(*device.ops_per_second) : "-",
      Rates(device, with_rates), device.verdicts.passed, device.verdicts.failed,
      device.verdicts.inconclusive, device.late_ms,
      device.last_reason == v1::NONE ? "" : v1::Reason_Name(device.last_reason));
}

}  // namespace

void VerdictCounts::Count(v1::Verdict verdict) {
  if (verdict == v1::PASS) {
    ++passed;
  } else if (verdict == v1::FAIL) {
    ++failed;
  } else {
    ++inconclusive;
  }
}

void KindProgress::Count(v1::Verdict verdict) {
  ++closed;
  verdicts.Count(verdict);
}

void DeviceProgress::Count(const Outcome& outcome, const challenges::Policy& policy) {
  const v1::ChallengeClosed& closed = outcome.closed;
  verdicts.Count(closed.verdict());
  if (closed.reason() != v1::NONE) last_reason = closed.reason();
  if (closed.transport() != v1::NOT_SENT && closed.sent_ms() >= closed.due_ms()) {
    late_ms = closed.sent_ms() - closed.due_ms();
  }
  if (closed.latency().echoes_size() > 0) {
    rtt_us = challenges::Summarize(closed.latency(), policy.latency.pings).median_us;
  }
  if (closed.verdict() == v1::PASS && closed.has_bandwidth()) {
    const auto rates = challenges::RatesOf(closed.bandwidth());
    if (rates.ok()) bandwidth = *rates;
  }
  const auto params = policy.classes.find(outcome.device.device_class());
  if (outcome.commitment != nullptr && params != policy.classes.end()) {
    ops_per_second =
        challenges::MatmulRate({params->second.n, params->second.rounds}, *outcome.commitment);
  }
}

std::map<v1::Kind, KindProgress> CountPlan(const std::vector<challenges::PlannedChallenge>& plan,
                                           const ResumePoint& resume) {
  std::map<v1::Kind, KindProgress> kinds;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    KindProgress& kind = kinds[plan[i].kind];
    ++kind.planned;
    if (i < resume.closed.size() && resume.closed[i]) ++kind.closed;
  }
  return kinds;
}

void Progress::Begin(const Epoch& epoch, const std::vector<challenges::PlannedChallenge>& plan,
                     const ResumePoint& resume) {
  MutexLock lock(mutex_);
  state_ = ProgressSnapshot();
  state_.epoch = epoch.scope.epoch;
  state_.slot = epoch.scope.slot;
  state_.end_ms = epoch.end_ms;
  state_.kinds = CountPlan(plan, resume);
  for (const v1::Device& device : epoch.roster.devices()) {
    DeviceProgress progress;
    progress.id = device.id();
    const auto name = names_.find(device.id());
    progress.name =
        Printable(name == names_.end() ? device.device_class() : name->second, kMostNameBytes);
    state_.devices.push_back(std::move(progress));
  }
}

void Progress::Count(const Outcome& outcome, const challenges::Policy& policy) {
  MutexLock lock(mutex_);
  state_.kinds[outcome.closed.kind()].Count(outcome.closed.verdict());
  DeviceProgress* device = FindDevice(state_, outcome.closed.device());
  if (device == nullptr) return;
  device->Count(outcome, policy);
  state_.most_late_ms = std::max(state_.most_late_ms, device->late_ms);
}

void Progress::Notice(const std::string& text) {
  MutexLock lock(mutex_);
  state_.notice = text;
}

ProgressSnapshot Progress::Snapshot() const {
  MutexLock lock(mutex_);
  return state_;
}

std::vector<std::string> RenderPanel(const ProgressSnapshot& snapshot, std::uint64_t now_ms,
                                     std::size_t columns, std::size_t most_devices) {
  std::vector<std::string> lines;
  if (snapshot.end_ms != 0) {
    const std::uint64_t left_ms = snapshot.end_ms > now_ms ? snapshot.end_ms - now_ms : 0;
    lines.push_back(absl::StrFormat("epoch %d, slot %d: %s left, sent at most %d ms late",
                                    snapshot.epoch, snapshot.slot, audit::FormatDuration(left_ms),
                                    snapshot.most_late_ms));
    for (const auto& [kind, progress] : snapshot.kinds) lines.push_back(KindLine(kind, progress));
    if (!snapshot.devices.empty() && snapshot.devices.size() <= most_devices) {
      const bool with_rates = snapshot.kinds.contains(v1::BANDWIDTH);
      const std::string rates = with_rates ? absl::StrFormat("%11s %11s  ", "down", "up") : "";
      lines.push_back(absl::StrFormat("%6s  %-33s %9s  %10s  %s%5s %5s %5s  %8s  %s", "device", "",
                                      "RTT", "rate", rates, "pass", "fail", "inc.", "late",
                                      "last reason"));
      for (const DeviceProgress& device : snapshot.devices) {
        lines.push_back(DeviceLine(device, with_rates));
      }
    }
  }
  if (!snapshot.notice.empty()) lines.push_back(Printable(snapshot.notice, columns));
  for (std::string& line : lines) {
    if (line.size() > columns) line.resize(columns);
  }
  return lines;
}

}  // namespace kaisar::checker
