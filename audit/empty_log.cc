#include "audit/empty_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "audit/log_file.h"
#include "audit/merkle_log.h"
#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

absl::Status SystemError(const std::string& path, int error) {
  const std::string message = absl::StrCat(path, ": ", strerror(error));
  if (error == EEXIST) return absl::AlreadyExistsError(message);
  if (error == EACCES || error == EROFS) return absl::PermissionDeniedError(message);
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(message);
  return absl::InternalError(message);
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "."
                                : slash == 0               ? "/"
                                                           : path.substr(0, slash);
  const int descriptor = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return SystemError(directory, errno);
  const int result = fsync(descriptor);
  const int error = errno;
  close(descriptor);
  return result == 0 ? absl::OkStatus() : SystemError(directory, error);
}

absl::Status FillEmptyLog(const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<LogFile> file,
                   LogFile::Open(path, LogFile::Mode::kCreate));
  RETURN_IF_ERROR(file->Execute("PRAGMA synchronous=FULL"));
  RETURN_IF_ERROR(file->Execute("BEGIN IMMEDIATE"));
  RETURN_IF_ERROR(file->Execute(absl::StrCat("PRAGMA application_id=", kLogApplicationId)));
  RETURN_IF_ERROR(file->Execute(absl::StrCat("PRAGMA user_version=", kLogFormatVersion)));
  RETURN_IF_ERROR(file->Execute(kRecordsTable));
  RETURN_IF_ERROR(file->Execute(kHeadTable));
  ASSIGN_OR_RETURN(LogStatement insert, file->Prepare("INSERT INTO head VALUES(0, 0, ?1)"));
  const Digest root = MerkleLog().Root();
  RETURN_IF_ERROR(insert.Bind(1, root).Run());
  return file->Execute("COMMIT");
}

}  // namespace

absl::Status MakeEmptyLog(const std::string& path) {
  const std::string unfinished = path + ".new";
  for (const char* suffix : {"", "-journal", "-wal"}) unlink((unfinished + suffix).c_str());
  absl::Status made = FillEmptyLog(unfinished);
  // A link, unlike a rename, never replaces a file.
  if (made.ok() && link(unfinished.c_str(), path.c_str()) != 0) made = SystemError(path, errno);
  unlink(unfinished.c_str());
  RETURN_IF_ERROR(made);
  return SyncDirectoryOf(path);
}

}  // namespace kaisar::audit
