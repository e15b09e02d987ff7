#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "challenges/bandwidth/throughput.h"
#include "checker/dispatcher.h"
#include "checker/epoch.h"

namespace kaisar::checker {

/// How many challenges came to what.
struct VerdictCounts {
  std::uint32_t passed = 0;
  std::uint32_t failed = 0;
  std::uint32_t inconclusive = 0;

  void Count(v1::Verdict verdict);
};

struct KindProgress {
  std::uint64_t planned = 0;
  std::uint64_t closed = 0;  // by earlier runs, too
  VerdictCounts verdicts;    // of this run

  void Count(v1::Verdict verdict);
};

struct DeviceProgress {
  std::uint32_t id = 0;
  std::string name;
  VerdictCounts verdicts;
  std::optional<std::uint32_t> rtt_us;          // median of the last answered latency challenge
  std::optional<std::uint64_t> ops_per_second;  // of the last commitment
  std::optional<challenges::BandwidthRates> bandwidth;  // of the last passed challenge
  std::uint64_t late_ms = 0;                            // of the last challenge sent
  v1::Reason last_reason = v1::NONE;                    // of the last one not passed

  /// Takes in what a challenge of this device came to.
  void Count(const Outcome& outcome, const challenges::Policy& policy);
};

/// How much of each kind a plan has, and how much of it earlier runs closed.
std::map<v1::Kind, KindProgress> CountPlan(const std::vector<challenges::PlannedChallenge>& plan,
                                           const ResumePoint& resume);

/// What the display shows.
struct ProgressSnapshot {
  std::uint32_t epoch = 0;
  std::uint32_t slot = 0;
  std::uint64_t end_ms = 0;  // Unix time; 0 before the first epoch
  std::map<v1::Kind, KindProgress> kinds;
  std::vector<DeviceProgress> devices;  // ascending ids
  std::uint64_t most_late_ms = 0;
  std::string notice;  // the last one
};

/// Counts what happens in an epoch, for the display.
///
/// Threads: all methods from any thread.
/// Cost:    some 100 bytes per device; nothing per challenge.
class Progress {
 public:
  /// `names` are the roster file's.
  explicit Progress(std::map<std::uint32_t, std::string> names) : names_(std::move(names)) {}

  void Begin(const Epoch& epoch, const std::vector<challenges::PlannedChallenge>& plan,
             const ResumePoint& resume);
  void Count(const Outcome& outcome, const challenges::Policy& policy);
  void Notice(const std::string& text);
  ProgressSnapshot Snapshot() const;

 private:
  const std::map<std::uint32_t, std::string> names_;
  mutable Mutex mutex_;
  ProgressSnapshot state_ ABSL_GUARDED_BY(mutex_);
};

/// The panel, as lines of at most `columns` bytes: epoch and time left, each kind, and each device
/// when there are at most `most_devices`.
std::vector<std::string> RenderPanel(const ProgressSnapshot& snapshot, std::uint64_t now_ms,
                                     std::size_t columns, std::size_t most_devices);

}  // namespace kaisar::checker
