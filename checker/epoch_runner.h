#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/log_writer.h"
#include "base/clock.h"
#include "base/keys/hash_chain.h"
#include "base/mutex.h"
#include "base/signing_key.h"
#include "checker/dispatcher.h"
#include "checker/epoch.h"
#include "checker/epoch_log.h"
#include "checker/free_space.h"
#include "checker/registry.h"
#include "checker/resume.h"
#include "reporter/signature_store.h"

namespace kaisar::checker {

/// What a runner runs on.
struct RunnerSettings {
  std::string data_dir;
  std::uint32_t slot = 0;
  std::string policy;  // its exact bytes
  std::vector<std::string> reference_endpoints;
  DispatchLimits limits;
  std::string iperf;         // path of kaisar-iperf
  std::uint32_t epochs = 0;  // ends after so many reports; 0: never
};

/// All of it must outlive the runner.
struct RunnerServices {
  const Clock& clock;
  Registry& registry;
  ProviderClient& client;
  ReachabilityProber& prober;
  CheckPool& checks;
  const SigningKey& key;
  const HashChain& chain;
  reporter::SignatureStore& signatures;
  ProcessRunner& processes;
};

/// What a runner tells, on the thread that runs it, and what tests put in place of the real thing.
struct RunnerHooks {
  std::function<void(const Epoch&, const std::vector<challenges::PlannedChallenge>&,
                     const ResumePoint&)>
      epoch_began = [](const auto&, const auto&, const auto&) {};
  Dispatcher::OnOutcome outcome = [](const Outcome&) {};
  /// After each turn of the dispatcher.
  std::function<void(const DispatchFigures&)> polled = [](const DispatchFigures&) {};
  /// At least once a second, but while an epoch is begun, scored and signed.
  std::function<void()> alive = [] {};
  std::function<void(const EpochResult&)> epoch_reported = [](const EpochResult&) {};
  /// Something that the operator should know.
  std::function<void(const std::string&)> notice = [](const std::string&) {};
  /// There is no room for the log of an epoch, which therefore does not begin.
  std::function<void(const std::string&)> no_room = [](const std::string&) {};
  /// The log of an epoch cannot be brought to its report, and why; later epochs go on without it.
  std::function<void(const std::string& log_path, const std::string& why)> log_unusable =
      [](const auto&, const auto&) {};
  /// What is free to us where a path is.
  std::function<absl::StatusOr<std::uint64_t>(const std::string& path)> free_bytes = FreeBytes;
  /// Waits for an event, at most until a wall time.
  std::function<void(EventQueue&, std::uint64_t wake_ms)> wait;
  std::function<absl::StatusOr<std::unique_ptr<audit::LogWriter>>(const std::string& path)>
      create_log = audit::LogWriter::Create;
  std::function<absl::StatusOr<std::unique_ptr<audit::LogWriter>>(const std::string& path)>
      reopen_log = audit::LogWriter::Reopen;
  MakeReport make_report = audit::MakeReport;
};

/// Runs one epoch after the other: opens the log, dispatches, closes, scores, signs, reports. First
/// it finishes what earlier runs left: whatever the moment at which they ended, the same report
/// comes out.
///
/// Threads: Run on one thread, which becomes "dispatch"; RequestStop from any.
/// Source:  docs/protocol.md, sections 2, 3, 8 and 10.
class EpochRunner {
 public:
  EpochRunner(RunnerSettings settings, const RunnerServices& services, RunnerHooks hooks);

  /// Runs until `epochs` are reported or a stop is requested.
  ///
  /// Errors: FailedPrecondition when another process has the data directory; ResourceExhausted or
  ///         Internal when a log cannot be written (nothing was sent that is not in it; a later run
  ///         goes on). What is wrong with one epoch's log is no error: log_unusable tells it.
  absl::Status Run();

  /// Ends Run soon: nothing more is sent, what is open gets two seconds.
  void RequestStop();

 private:
  enum class Ending { kComplete, kStopped, kNotYet };

  absl::Status FinishEarlier();
  absl::StatusOr<Ending> Finish(std::uint32_t epoch);
  /// Goes on without an epoch when it alone is the trouble, else gives `why` back.
  absl::Status LeaveOut(std::uint32_t epoch, const absl::Status& why);
  /// Waits for the next epoch that can be run.
  absl::StatusOr<std::uint32_t> AwaitEpoch();
  absl::StatusOr<Ending> RunToReport(std::uint32_t epoch);
  absl::StatusOr<Ending> RunEpoch(std::uint32_t epoch);
  absl::StatusOr<Ending> Resume(std::uint32_t epoch, const v1::EpochOpened& opened);
  /// Null while the epoch cannot begin, or when this slot has no part in it.
  absl::StatusOr<std::optional<v1::EpochOpened>> MakeOpening(std::uint32_t epoch);
  absl::StatusOr<Ending> Dispatch(std::shared_ptr<const Epoch> epoch,
                                  std::vector<challenges::PlannedChallenge> plan,
                                  ResumePoint resume, std::unique_ptr<audit::LogWriter> log);
  /// Whether there is room for the log; if not, that is told.
  bool HasRoom(std::uint32_t epoch, std::uint64_t needed_bytes);
  /// Tells of devices that are faster than this machine's connection.
  void TellTooFast(const Epoch& epoch);
  absl::Status Close(const Epoch& epoch, audit::LogWriter& log);
  /// Tells once an epoch why this slot has no part in it.
  void TellRefusal(std::uint32_t epoch, const absl::Status& why);
  absl::Status Report(std::uint32_t epoch);
  /// Waits on a queue, so that RequestStop ends it.
  void Wait(EventQueue& queue, std::uint64_t wake_ms);
  bool stopping() const { return stopping_.load(); }

  const RunnerSettings settings_;
  const RunnerServices services_;
  const EpochGrid grid_;
  RunnerHooks hooks_;
  std::uint32_t reported_ = 0;                 // epochs that this run dispatched and reported
  std::set<std::uint32_t> left_out_;           // by this run
  std::optional<std::uint32_t> refusal_told_;  // the last epoch whose refusal was told
  std::optional<std::uint32_t> needs_room_;    // the epoch that was to begin last …
  std::uint64_t needed_bytes_ = 0;             // … and what its log takes
  std::optional<std::uint32_t> short_told_;    // the last one of which it was told that it is short
  std::atomic<bool> stopping_ = false;
  bool stop_seen_ = false;  // by Wait
  Mutex mutex_;
  EventQueue* waiting_on_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace kaisar::checker
