#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/challenge_figures.h"
#include "audit/logged_challenges.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::audit {

/// Which challenges to show. An empty set means all.
struct TimelineFilter {
  std::set<std::uint32_t> devices;
  std::set<v1::Kind> kinds;
  std::set<v1::Verdict> verdicts;
  std::set<v1::Reason> reasons;
  std::uint64_t from_ms = 0;  // due at or after this, in ms after the beacon
  std::uint64_t to_ms = std::numeric_limits<std::uint64_t>::max();  // and due before this
};

/// One challenge of the epoch. Times are ms after the beacon.
struct TimelineRow {
  std::uint64_t due_ms = 0;
  std::uint32_t device = 0;
  v1::Kind kind = v1::KIND_UNSPECIFIED;
  std::uint32_t sequence = 0;
  std::uint64_t record = 0;  // that closes it
  std::uint64_t sent_ms = 0;
  std::uint64_t elapsed_ms = 0;
  v1::Transport transport = v1::TRANSPORT_UNSPECIFIED;
  v1::Verdict verdict = v1::VERDICT_UNSPECIFIED;
  v1::Reason reason = v1::NONE;
  ChallengeFigures figures;
  /// Whether it was sent; otherwise it has no times but the due one.
  bool sent() const { return transport != v1::NOT_SENT; }
};

/// The most rows that are kept at once; 128 bytes each.
inline constexpr std::size_t kMostTimelineRows = 500'000;

/// Gives the challenges that pass the filter in the order of due time, device, kind and sequence.
///
/// Result: how many there were.
/// Errors: those of ReadChallenges; NotFound for a device that is not in the roster; the code of
///         whatever `each` returns that is not ok.
/// Cost:   a pass over the log for each `most_rows` (above 0) that are shown, and memory for as
///         many: a log is in another order, and its length is no limit.
absl::StatusOr<std::uint64_t> ReadTimeline(
    const std::string& log_path, const TimelineFilter& filter,
    const std::function<absl::Status(const TimelineRow&)>& each,
    std::size_t most_rows = kMostTimelineRows);

}  // namespace kaisar::audit
