#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace kaisar {

/// Keeps a data directory to one process, by flock on the directory itself: the system lets go of
/// it when the process ends in whatever way, and no file stays behind.
///
/// Threads: independent of threads; a child that inherits nothing on exec, but shares the lock on
/// fork.
class DirectoryLock {
 public:
  /// Errors: FailedPrecondition, naming the process that has it, when the directory is in use;
  ///         NotFound, PermissionDenied or Internal with the system's words.
  static absl::StatusOr<DirectoryLock> Acquire(const std::string& path);

  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

/// The process that holds a lock on a file or directory; null when the system does not say. Does
/// not open it: closing it again would drop the locks that SQLite has on it in this process.
std::optional<pid_t> LockingProcess(const std::string& path);

/// Names that process, `process 1234 (kaisar-checker)`; `another process` for null.
std::string LockHolder(const std::string& path);

}  // namespace kaisar
