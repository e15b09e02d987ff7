#pragma once

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

/// Names the process that holds a lock on an open file, `process 1234 (kaisar-checker)`; `another
/// process` when the system does not say.
std::string LockHolder(int fd);

}  // namespace kaisar
