#include "reporter/offence_marker.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "chain/calls.h"
#include "chain/events.h"
#include "reporter/turn_delay.h"

namespace kaisar::reporter {
namespace {

/// Of marks that are looked at before another one is sent: a quarter of an hour of a usual chain.
constexpr std::uint64_t kSlashBlocks = 64;

bool IsActive(const chain::SlotState& slot, std::uint32_t epoch) {
  return !slot.ejected && epoch >= slot.active_from && epoch < slot.active_until;
}

bool IsOffence(Purpose purpose, const Digest& report) {
  if (purpose == Purpose::kMarkMissed) return report == Digest{};
  return report != Digest{} && (report.back() & 1) == 0;  // a commitment, no root
}

}  // namespace

absl::StatusOr<std::optional<Intent>> OffenceMarker::Next(const chain::Block& latest,
                                                          std::uint64_t block_ms) {
  const chain::Schedule& schedule = contracts_.deployment().schedule;
  for (auto& [watched, window_s] :
       {std::pair<Watched&, std::uint64_t>(missed_, schedule.commit_seconds),
        std::pair<Watched&, std::uint64_t>(unrevealed_,
                                           schedule.commit_seconds + schedule.reveal_seconds)}) {
    ASSIGN_OR_RETURN(std::optional<Intent> intent, NextOf(watched, window_s, latest, block_ms));
    if (intent.has_value()) return intent;
  }
  return std::optional<Intent>();
}

absl::StatusOr<std::optional<Intent>> OffenceMarker::NextOf(Watched& watched,
                                                            std::uint64_t window_seconds,
                                                            const chain::Block& latest,
                                                            std::uint64_t block_ms) {
  const chain::Schedule& schedule = contracts_.deployment().schedule;
  const std::uint64_t over_s = schedule.end(0) + window_seconds;  // epoch 0's window is
  if (latest.timestamp_s < over_s) return std::optional<Intent>();
  const std::uint64_t passed_s = latest.timestamp_s - over_s;
  const auto epoch = static_cast<std::uint32_t>(passed_s / schedule.epoch_seconds);
  if (watched.epoch != epoch) RETURN_IF_ERROR(Load(watched, epoch));
  for (auto slot = watched.slots.begin(); slot != watched.slots.end();) {
    const std::uint64_t turn = std::uint64_t{slot_} + epoch + *slot;
    if (passed_s % schedule.epoch_seconds <
        TurnDelay(schedule, turn, watched.slot_count, block_ms)) {
      ++slot;
      continue;
    }
    Intent intent = Make(watched.purpose, epoch, *slot);
    // What the contract would not take was marked by another slot, or is excused.
    const absl::Status status =
        contracts_.client().Call({intent.to, intent.input, sender_, {}}).status();
    if (status.ok()) {
      if (!BringsNothing(latest)) return std::optional<Intent>(std::move(intent));
      watched.slots.clear();
      break;
    }
    if (!absl::IsAborted(status)) return status;
    slot = watched.slots.erase(slot);
  }
  return std::optional<Intent>();
}

absl::Status OffenceMarker::Load(Watched& watched, std::uint32_t epoch) {
  ASSIGN_OR_RETURN(const std::uint32_t count, contracts_.SlotCountAt(epoch));
  ASSIGN_OR_RETURN(const std::vector<chain::SlotState> states, contracts_.Slots());
  std::vector<std::uint32_t> asked, offenders;
  const bool has_duty = slot_ < states.size() && IsActive(states[slot_], epoch);
  for (std::uint32_t id = 0; has_duty && id < std::min<std::size_t>(count, states.size()); ++id) {
    if (IsActive(states[id], epoch) && id != slot_) asked.push_back(id);
  }
  if (!asked.empty()) {
    ASSIGN_OR_RETURN(const std::vector<Digest> reports, contracts_.ReportsOf(epoch, asked));
    for (std::size_t i = 0; i < std::min(asked.size(), reports.size()); ++i) {
      if (IsOffence(watched.purpose, reports[i])) offenders.push_back(asked[i]);
    }
  }
  watched = {watched.purpose, epoch, count, std::move(offenders)};
  return absl::OkStatus();
}

/// An endpoint that keeps no events does not tell; marks go on then.
bool OffenceMarker::BringsNothing(const chain::Block& latest) {
  chain::LogFilter filter;
  filter.address = contracts_.deployment().slots;
  filter.topics = {chain::SlashedTopic()};
  filter.from_block = latest.number - std::min(latest.number, kSlashBlocks);
  filter.to_block = latest.number;
  const absl::StatusOr<std::vector<chain::LogEntry>> logs = contracts_.client().Logs(filter);
  if (!logs.ok() || logs->empty()) return false;
  const absl::StatusOr<chain::SlashedEvent> last = chain::ParseSlashed(logs->back());
  return last.ok() && last->to_reporter.is_zero();
}

Intent OffenceMarker::Make(Purpose purpose, std::uint32_t epoch, std::uint32_t offender) const {
  const chain::Deployment& deployment = contracts_.deployment();
  Bytes input = purpose == Purpose::kMarkMissed ? chain::MarkMissedCall(epoch, offender)
                                                : chain::MarkUnrevealedCall(epoch, offender);
  return {purpose, epoch, deployment.reports, std::move(input),
          deployment.schedule.dispute_end(epoch)};
}

}  // namespace kaisar::reporter
