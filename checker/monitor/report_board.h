#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "checker/slot_status.h"
#include "reporter/submitter.h"

namespace kaisar::checker {

/// So many reports are kept.
inline constexpr std::size_t kReportsShown = 8;

/// A report and what became of it.
struct ReportLine {
  std::uint32_t epoch = 0;
  std::string state;      // a stage's name, the chain's word for it, or "written"
  bool accepted = false;  // the chain has it: its transaction has a receipt that says so
  bool lost = false;      // the chain will not take it any more
  std::string why;
  Digest commit_transaction{};  // zero: unknown, or none
  Digest reveal_transaction{};
};

/// The newest reports of this slot.
///
/// Threads: all methods from any thread.
class ReportBoard {
 public:
  /// A report is on this machine's disk.
  void Written(std::uint32_t epoch);
  /// It went on to another stage.
  void StageChanged(const reporter::EpochStage& stage);
  /// Newest first. What the chain says of epochs is added where this run knows nothing of them, and
  /// its word that a report is lost stands against any other; null: it was not read, or there is
  /// none.
  std::vector<ReportLine> Lines(const std::optional<SlotStatus>& slot) const;

 private:
  void Forget() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  std::map<std::uint32_t, ReportLine> lines_ ABSL_GUARDED_BY(mutex_);  // by epoch
};

}  // namespace kaisar::checker
