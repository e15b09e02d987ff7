#include "audit/empty_log.h"

#include <unistd.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "audit/log_file.h"
#include "audit/merkle_log.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/system_error.h"

namespace kaisar::audit {
namespace {

absl::Status FillEmptyLog(const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<SqliteFile> file,
                   SqliteFile::Open(path, SqliteFile::Mode::kCreate, kMaxRecordBytes));
  RETURN_IF_ERROR(file->Execute("PRAGMA synchronous=FULL"));
  RETURN_IF_ERROR(file->Execute("BEGIN IMMEDIATE"));
  RETURN_IF_ERROR(file->Execute(absl::StrCat("PRAGMA application_id=", kLogApplicationId)));
  RETURN_IF_ERROR(file->Execute(absl::StrCat("PRAGMA user_version=", kLogFormatVersion)));
  RETURN_IF_ERROR(file->Execute(kRecordsTable));
  RETURN_IF_ERROR(file->Execute(kHeadTable));
  ASSIGN_OR_RETURN(SqliteStatement insert, file->Prepare("INSERT INTO head VALUES(0, 0, ?1)"));
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
  if (made.ok() && link(unfinished.c_str(), path.c_str()) != 0)
    made = SystemError("make log", path);
  unlink(unfinished.c_str());
  RETURN_IF_ERROR(made);
  return SyncDirectoryOf(path);
}

}  // namespace kaisar::audit
