#include "audit/timeline.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

template <typename T>
bool Allows(const std::set<T>& wanted, const T& value) {
  return wanted.empty() || wanted.count(value) > 0;
}

bool Passes(const TimelineFilter& filter, const v1::ChallengeClosed& closed) {
  return Allows(filter.devices, closed.device()) && Allows(filter.kinds, closed.kind()) &&
         Allows(filter.verdicts, closed.verdict()) && Allows(filter.reasons, closed.reason()) &&
         closed.due_ms() >= filter.from_ms && closed.due_ms() < filter.to_ms;
}

auto OrderOf(const TimelineRow& row) {
  return std::make_tuple(row.due_ms, row.device, row.kind, row.sequence, row.record);
}

bool IsBefore(const TimelineRow& a, const TimelineRow& b) {
  return OrderOf(a) < OrderOf(b);
}

TimelineRow RowOf(const OpenedEpoch& epoch, const LoggedChallenge& challenge) {
  const v1::ChallengeClosed& closed = challenge.closed;
  TimelineRow row;
  row.due_ms = closed.due_ms();
  row.device = closed.device();
  row.kind = closed.kind();
  row.sequence = closed.sequence();
  row.record = challenge.record;
  row.sent_ms = closed.sent_ms();
  row.elapsed_ms = closed.elapsed_ms();
  row.transport = closed.transport();
  row.verdict = closed.verdict();
  row.reason = closed.reason();
  row.figures = FiguresOf(epoch.policy, challenge);
  return row;
}

/// Of the rows behind `after`, the first ones; a heap with the last of them on top.
struct FirstRows {
  std::optional<TimelineRow> after;
  std::vector<TimelineRow> rows;
  bool more = false;  // there were more than are kept

  void Add(TimelineRow row, std::size_t most) {
    if (after.has_value() && !IsBefore(*after, row)) return;
    if (rows.size() >= most) {
      more = true;
      if (!IsBefore(row, rows.front())) return;
      std::pop_heap(rows.begin(), rows.end(), IsBefore);
      rows.pop_back();
    }
    rows.push_back(std::move(row));
    std::push_heap(rows.begin(), rows.end(), IsBefore);
  }
};

absl::Status ReadFirstRows(const std::string& log_path, const TimelineFilter& filter,
                           std::size_t most, FirstRows& first) {
  ChallengeVisitor visitor;
  visitor.opened = [&](const OpenedEpoch& epoch) {
    for (const std::uint32_t device : filter.devices) {
      RETURN_IF_ERROR(CheckIsInRoster(log_path, epoch, device));
    }
    return absl::OkStatus();
  };
  visitor.closed = [&](const OpenedEpoch& epoch, const LoggedChallenge& challenge) {
    if (Passes(filter, challenge.closed)) first.Add(RowOf(epoch, challenge), most);
    return absl::OkStatus();
  };
  return ReadChallenges(log_path, visitor).status();
}

}  // namespace

absl::StatusOr<std::uint64_t> ReadTimeline(
    const std::string& log_path, const TimelineFilter& filter,
    const std::function<absl::Status(const TimelineRow&)>& each, std::size_t most_rows) {
  std::uint64_t shown = 0;
  FirstRows first;
  do {
    if (!first.rows.empty()) first.after = first.rows.back();
    first.rows.clear();
    first.more = false;
    RETURN_IF_ERROR(ReadFirstRows(log_path, filter, most_rows, first));
    std::sort_heap(first.rows.begin(), first.rows.end(), IsBefore);
    for (const TimelineRow& row : first.rows) RETURN_IF_ERROR(each(row));
    shown += first.rows.size();
  } while (first.more);
  return shown;
}

}  // namespace kaisar::audit
