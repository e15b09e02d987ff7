#include "base/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/system_error.h"

namespace kaisar {
namespace {

constexpr std::uint64_t kMostProcBytes = 16 << 20;

}  // namespace

std::optional<pid_t> LockingProcess(const std::string& path) {
  struct stat status;
  const absl::StatusOr<std::string> locks = ReadFile("/proc/locks", kMostProcBytes);
  if (stat(path.c_str(), &status) != 0 || !locks.ok()) return std::nullopt;
  // `1: FLOCK  ADVISORY  WRITE 1234 08:02:56789 0 EOF`; the device of an overlay differs from
  // st_dev, so the inode alone decides, and the name is for a person to read.
  const std::string inode = absl::StrCat(":", status.st_ino);
  for (absl::string_view line : absl::StrSplit(*locks, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    pid_t process = 0;
    if (words.size() < 6 || !absl::EndsWith(words[5], inode)) continue;
    if (absl::SimpleAtoi(words[4], &process) && process > 0) return process;  // else elsewhere
  }
  return std::nullopt;
}

std::string LockHolder(const std::string& path) {
  const std::optional<pid_t> process = LockingProcess(path);
  if (!process) return "another process";
  const absl::StatusOr<std::string> name =
      ReadFile(absl::StrCat("/proc/", *process, "/comm"), kMostProcBytes);
  if (!name.ok()) return absl::StrCat("process ", *process);
  return absl::StrCat("process ", *process, " (", absl::StripAsciiWhitespace(*name), ")");
}

absl::StatusOr<DirectoryLock> DirectoryLock::Acquire(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return SystemError("open data directory", path);
  DirectoryLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return SystemError("lock data directory", path);
  return absl::FailedPreconditionError(
      absl::StrCat("data directory ", path, " is in use by ", LockHolder(path)));
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(fd_, other.fd_);  // `other` lets go of ours
  return *this;
}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace kaisar
