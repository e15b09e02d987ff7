#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "base/system_error.h"

namespace kaisar {
namespace {

constexpr std::size_t kMostPasswordBytes = 1024;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  /// Closes now; false with errno when the system reports a late error.
  bool Close() { return close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

absl::Status WriteError(absl::string_view attempt, const std::string& path) {
  return absl::InternalError(
      absl::StrCat("cannot ", attempt, " ", path, ": ", std::generic_category().message(errno)));
}

absl::StatusOr<std::string> ReadAll(int fd, const std::string& path, std::uint64_t most_bytes) {
  struct stat status;
  if (fstat(fd, &status) != 0) return SystemError("read", path);
  const auto too_large = [&](std::uint64_t size, absl::string_view more) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path, " is ", size, " bytes", more, ", limit ", most_bytes));
  };
  if (S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) > most_bytes) {
    return too_large(static_cast<std::uint64_t>(status.st_size), "");
  }
  std::string content;
  std::array<char, 65536> piece;
  for (;;) {
    const ssize_t got = read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError("read", path);
    if (got == 0) return content;
    content.append(piece.data(), static_cast<std::size_t>(got));
    if (content.size() > most_bytes) return too_large(content.size(), " or more");
  }
}

absl::Status ValidateSecretMode(int fd, const std::string& path) {
  struct stat status;
  if (fstat(fd, &status) != 0) return SystemError("read", path);
  if ((status.st_mode & 077) == 0) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrFormat("%s holds a secret and has mode %04o, expected 0600 or narrower", path,
                      status.st_mode & 07777));
}

/// Reads up to the end of the line and not a byte more, so that a descriptor can carry several.
absl::StatusOr<std::string> ReadLine(int fd, const std::string& name) {
  std::string line;
  for (;;) {
    char byte = 0;
    const ssize_t got = read(fd, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError("read a password from", name);
    if (got == 0 || byte == '\n') break;
    if (line.size() == kMostPasswordBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("password from ", name, " is too long, limit ", kMostPasswordBytes));
    }
    line.push_back(byte);
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("password from ", name, " is empty"));
  }
  return line;
}

absl::Status WriteDurably(Descriptor& file, const std::string& path, absl::string_view content,
                          int mode) {
  // mkostemp made it 0600: nobody else sees the content before the mode is the asked one.
  if (fchmod(file.get(), static_cast<mode_t>(mode)) != 0) return WriteError("write", path);
  while (!content.empty()) {
    const ssize_t written = write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return WriteError("write", path);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (fsync(file.get()) != 0 || !file.Close()) return WriteError("write", path);
  return absl::OkStatus();
}

absl::Status MoveOver(const std::string& from, const std::string& to) {
  return rename(from.c_str(), to.c_str()) == 0 ? absl::OkStatus() : WriteError("write", to);
}

absl::Status MoveToNew(const std::string& from, const std::string& to) {
  int failed = renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
  if (failed != 0 && errno == EINVAL) {  // a file system without it, such as NFS
    failed = link(from.c_str(), to.c_str());
    if (failed == 0) unlink(from.c_str());
  }
  if (failed == 0) return absl::OkStatus();
  if (errno != EEXIST) return WriteError("write", to);
  return absl::AlreadyExistsError(absl::StrCat(to, " exists already"));
}

absl::Status WriteBesideAndMove(const std::string& path, absl::string_view content, int mode,
                                absl::Status (*move)(const std::string&, const std::string&)) {
  std::string temporary = path + ".XXXXXX";
  Descriptor file(mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0) return WriteError("write", path);
  absl::Status status = WriteDurably(file, path, content, mode);
  if (status.ok()) status = move(temporary, path);
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  return SyncDirectoryOf(path);
}

}  // namespace

absl::Status SyncDirectoryOf(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  const std::string directory = slash == std::string::npos ? "."
                                : slash == 0               ? "/"
                                                           : path.substr(0, slash);
  const Descriptor opened(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 || fsync(opened.get()) != 0) return WriteError("sync", directory);
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadFile(const std::string& path, std::uint64_t most_bytes) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return SystemError("read", path);
  return ReadAll(file.get(), path, most_bytes);
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path, std::uint64_t most_bytes) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return SystemError("read", path);
  RETURN_IF_ERROR(ValidateSecretMode(file.get(), path));
  return ReadAll(file.get(), path, most_bytes);
}

absl::StatusOr<std::string> ReadPassword(const std::string& source) {
  absl::string_view number = source;
  if (absl::ConsumePrefix(&number, "fd:")) {
    int fd = -1;
    if (!absl::SimpleAtoi(number, &fd) || fd < 0) {
      return absl::InvalidArgumentError(absl::StrCat("password source is ", source,
                                                     ", expected fd:N with a descriptor's number"));
    }
    return ReadLine(fd, source);
  }
  const Descriptor file(open(source.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return SystemError("read", source);
  RETURN_IF_ERROR(ValidateSecretMode(file.get(), source));
  return ReadLine(file.get(), source);
}

absl::Status WriteFile(const std::string& path, absl::string_view content, int mode) {
  return WriteBesideAndMove(path, content, mode, MoveOver);
}

absl::Status CreateSecretFile(const std::string& path, absl::string_view content) {
  return WriteBesideAndMove(path, content, 0600, MoveToNew);
}

}  // namespace kaisar
