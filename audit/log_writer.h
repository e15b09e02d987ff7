#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"

namespace kaisar::audit {

/// What Finish leaves behind.
struct LogPosition {
  std::uint64_t records = 0;
  Digest root{};  // the log root of all of them
};

/// Appends records to one epoch's log, durably: group commit on a thread of its own.
///
/// Threads:  all methods from any thread.
/// Liveness: the thread "log" ends in the destructor, after everything appended is durable or
/// failed;
///           depends on the disk alone.
/// Cost:     20,000 records of 600 bytes a second in batches of 100.
/// Source:   docs/log-format.md.
class LogWriter {
 public:
  /// Makes a new log in one step: after a crash there is an empty log or no file.
  ///
  /// Errors: AlreadyExists; never over an existing file.
  static absl::StatusOr<std::unique_ptr<LogWriter>> Create(const std::string& path);

  /// Opens a log for more records, after checking every record in it (ReadLog's checks).
  ///
  /// Errors: NotFound; DataLoss with the record at which it breaks; FailedPrecondition when it is
  /// closed.
  static absl::StatusOr<std::unique_ptr<LogWriter>> Reopen(const std::string& path);

  virtual ~LogWriter() = default;

  /// Appends one serialized v1::Record and calls `durable` from the log thread once it is on disk,
  /// in order of the calls. After a failed write (disk full) every later append fails with the same
  /// status, and nothing half-written remains. Waits while 64 MiB are queued, so that a slow disk
  /// slows the callers down instead of filling the memory; inside `durable` it never waits.
  ///
  /// Errors: through `durable`: Internal or ResourceExhausted with the system's words; Aborted when
  ///         another process has appended to the log; InvalidArgument, and the log goes on, for an
  ///         empty record or one above 64 MiB; FailedPrecondition after Finish.
  virtual void Append(std::string record, absl::AnyInvocable<void(absl::Status)> durable) = 0;

  /// Append, and waits. Not from within `durable`.
  virtual absl::Status AppendAndWait(std::string record) = 0;

  /// Waits for everything, turns the write-ahead log into a single file and closes it: no more
  /// appends. Again: the same result, or another try. Not from within `durable`.
  ///
  /// Errors: Unavailable when somebody reads the log for longer than 5 s; what made an append fail.
  virtual absl::StatusOr<LogPosition> Finish() = 0;

  /// Records appended whose `durable` has not returned.
  virtual std::uint64_t pending() const = 0;
};

}  // namespace kaisar::audit
