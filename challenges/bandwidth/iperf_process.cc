#include "challenges/bandwidth/iperf_process.h"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/printable.h"

namespace kaisar::challenges {
namespace {

// kaisar-iperf ends itself at its limit; this much later it is taken to hang.
constexpr std::uint64_t kLateMs = 2'000;
// A key and a result of up to kMostBandwidthResultBytes, and as much again.
constexpr std::size_t kMostOutputBytes = 65'536;

IperfOutcome Unable(absl::string_view detail) {
  IperfOutcome outcome;
  outcome.detail = Printable(detail, kMostDetailBytes);
  return outcome;
}

/// What is known of one process. Lines and end come one after the other; only `process_` and
/// `fault_` are reached from two threads.
class Attempt {
 public:
  Attempt(const IperfTask& task, std::string executable,
          absl::AnyInvocable<void(IperfListening)> listening,
          absl::AnyInvocable<void(IperfOutcome)> ended)
      : listens_(task.role == IperfTask::Role::kServer),
        executable_(std::move(executable)),
        kill_after_ms_(task.limit_ms + kLateMs),
        listening_(std::move(listening)),
        ended_(std::move(ended)) {}

  /// The process may have said something already.
  void SetProcess(std::shared_ptr<Process> process) {
    MutexLock lock(mutex_);
    process_ = std::move(process);
    if (fault_.has_value()) process_->Kill();
  }

  void TakeLine(const std::string& line) {
    if (HasFault()) return;
    if (outcome_.has_value()) return SetFault("a line after its last one");
    if (listens_ && !listened_) {
      if (absl::StatusOr<IperfListening> listening = ParseListening(line); listening.ok()) {
        listened_ = true;
        return listening_(*std::move(listening));
      }
    }
    absl::StatusOr<IperfOutcome> outcome = ParseOutcome(line);
    if (!outcome.ok()) return SetFault(outcome.status().message());
    outcome_ = *std::move(outcome);
  }

  void TakeEnd(const ProcessEnd& end) {
    std::optional<std::string> fault;
    {
      MutexLock lock(mutex_);
      fault = fault_;
      process_.reset();
    }
    if (fault.has_value()) return ended_(Unable(absl::StrCat("kaisar-iperf wrote: ", *fault)));
    // Whoever does not end in order may not have counted in order either.
    const bool in_order = end.cause == ProcessEnd::Cause::kExited && end.code == 0;
    if (in_order && outcome_.has_value()) return ended_(*std::move(outcome_));
    ended_(Unable(absl::StrCat("kaisar-iperf ", HowItEnded(end))));
  }

  void CannotStart(const absl::Status& status) { ended_(Unable(status.message())); }

 private:
  bool HasFault() {
    MutexLock lock(mutex_);
    return fault_.has_value();
  }

  void SetFault(absl::string_view fault) {
    MutexLock lock(mutex_);
    fault_ = std::string(fault);
    if (process_ != nullptr) process_->Kill();
  }

  std::string HowItEnded(const ProcessEnd& end) const {
    switch (end.cause) {
      case ProcessEnd::Cause::kExited:
        return absl::StrCat("exited with status ", end.code,
                            outcome_.has_value() ? " after its result" : " without a result");
      case ProcessEnd::Cause::kSignaled:
        return absl::StrCat("was ended by signal ", end.code);
      case ProcessEnd::Cause::kKilledLate:
        return absl::StrCat("was killed after ", kill_after_ms_, " ms");
      case ProcessEnd::Cause::kKilledLoud:
        return absl::StrCat("was killed: it wrote more than ", kMostOutputBytes, " bytes");
      case ProcessEnd::Cause::kKilledOnDemand:
        return "was killed on demand";
      case ProcessEnd::Cause::kNotStarted:
        return absl::StrCat("cannot be started from ", executable_, ": ",
                            std::generic_category().message(end.code));
    }
    return "ended";
  }

  const bool listens_;
  const std::string executable_;
  const std::uint64_t kill_after_ms_;
  absl::AnyInvocable<void(IperfListening)> listening_;
  absl::AnyInvocable<void(IperfOutcome)> ended_;
  bool listened_ = false;
  std::optional<IperfOutcome> outcome_;
  Mutex mutex_;
  std::shared_ptr<Process> process_ ABSL_GUARDED_BY(mutex_);
  std::optional<std::string> fault_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<Process> RunIperf(ProcessRunner& runner, const std::string& executable,
                                  const IperfTask& task,
                                  absl::AnyInvocable<void(IperfListening)> listening,
                                  absl::AnyInvocable<void(IperfOutcome)> ended) {
  auto attempt =
      std::make_shared<Attempt>(task, executable, std::move(listening), std::move(ended));
  ProcessSpec spec;
  spec.argv = {executable};
  spec.input = SerializeIperfTask(task);
  spec.kill_after_ms = task.limit_ms + kLateMs;
  spec.most_output_bytes = kMostOutputBytes;
  absl::StatusOr<std::shared_ptr<Process>> process = runner.Start(
      std::move(spec), [attempt](const std::string& line) { attempt->TakeLine(line); },
      [attempt](const ProcessEnd& end) { attempt->TakeEnd(end); });
  if (!process.ok()) {
    attempt->CannotStart(process.status());
    return nullptr;
  }
  attempt->SetProcess(*process);
  return *std::move(process);
}

std::string DefaultIperfPath() {
  std::error_code error;  // without /proc: a path that is not there, which Start says
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / "kaisar-iperf").string();
}

}  // namespace kaisar::challenges
