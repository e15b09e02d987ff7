#include "base/sqlite_file.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"

namespace kaisar {
namespace {

absl::StatusCode CodeOf(int result, int system_errno) {
  switch (result & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_IOERR:
      // Sectors that cannot be read are of this file alone, whatever is written elsewhere.
      if (result == SQLITE_IOERR_READ && system_errno == EIO) return absl::StatusCode::kDataLoss;
      return system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG
                 ? absl::StatusCode::kResourceExhausted
                 : absl::StatusCode::kInternal;
    case SQLITE_CORRUPT:
    case SQLITE_TOOBIG:
      return absl::StatusCode::kDataLoss;
    case SQLITE_NOTADB:
      return absl::StatusCode::kInvalidArgument;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kUnavailable;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return absl::StatusCode::kPermissionDenied;
    case SQLITE_CANTOPEN:
      return system_errno == EACCES || system_errno == EPERM ? absl::StatusCode::kPermissionDenied
                                                             : absl::StatusCode::kInternal;
    default:
      return absl::StatusCode::kInternal;
  }
}

/// SQLite does not keep the system's error of a failed commit: `last_errno` stands in for it.
absl::Status StatusOf(sqlite3* connection, int result, int last_errno = 0) {
  int system_errno = sqlite3_system_errno(connection);
  if (system_errno == 0) system_errno = last_errno;
  std::string message = sqlite3_errmsg(connection);
  const bool from_system = (result & 0xff) == SQLITE_IOERR || (result & 0xff) == SQLITE_CANTOPEN ||
                           (result & 0xff) == SQLITE_FULL;
  if (from_system && system_errno != 0) absl::StrAppend(&message, ": ", strerror(system_errno));
  if ((result & 0xff) == SQLITE_TOOBIG) {
    absl::StrAppend(&message, ", limit ", sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, -1),
                    " bytes");
  }
  return absl::Status(CodeOf(result, system_errno), message);
}

absl::Status CheckIsFile(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    const std::string message = absl::StrCat(path, ": ", strerror(errno));
    if (errno == ENOENT || errno == ENOTDIR) return absl::NotFoundError(message);
    if (errno == EACCES) return absl::PermissionDeniedError(message);
    return absl::InternalError(message);
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is not a regular file"));
  }
  return absl::OkStatus();
}

}  // namespace

void SqliteStatement::Finalize(sqlite3_stmt* statement) {
  sqlite3_finalize(statement);
}

SqliteStatement& SqliteStatement::Bind(int index, std::uint64_t value) {
  KAISAR_CHECK(sqlite3_bind_int64(statement_.get(), index, static_cast<sqlite3_int64>(value)) ==
               SQLITE_OK);
  return *this;
}

SqliteStatement& SqliteStatement::Bind(int index, ByteView bytes) {
  KAISAR_CHECK(sqlite3_bind_blob64(statement_.get(), index, bytes.data(), bytes.size(),
                                   SQLITE_STATIC) == SQLITE_OK);
  return *this;
}

SqliteStatement& SqliteStatement::BindText(int index, const std::string& text) {
  KAISAR_CHECK(sqlite3_bind_text64(statement_.get(), index, text.data(), text.size(),
                                   SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

absl::StatusOr<bool> SqliteStatement::Step() {
  errno = 0;
  const int result = sqlite3_step(statement_.get());
  const int last_errno = errno;
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return StatusOf(sqlite3_db_handle(statement_.get()), result, last_errno);
}

absl::Status SqliteStatement::Run() {
  const absl::Status status = Step().status();
  Reset();
  return status;
}

void SqliteStatement::Reset() {
  sqlite3_reset(statement_.get());
}

bool SqliteStatement::Uint(int column, std::uint64_t& value) const {
  if (sqlite3_column_type(statement_.get(), column) != SQLITE_INTEGER) return false;
  const sqlite3_int64 number = sqlite3_column_int64(statement_.get(), column);
  if (number < 0) return false;
  value = static_cast<std::uint64_t>(number);
  return true;
}

bool SqliteStatement::Blob(int column, ByteView& bytes) const {
  if (sqlite3_column_type(statement_.get(), column) != SQLITE_BLOB) return false;
  const void* start = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (start == nullptr && size > 0) return false;  // memory ran out
  bytes = ByteView(static_cast<const std::uint8_t*>(start), static_cast<std::size_t>(size));
  return true;
}

std::string SqliteStatement::Text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_.get(), column);
  return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
}

absl::StatusOr<std::unique_ptr<SqliteFile>> SqliteFile::Open(const std::string& path, Mode mode,
                                                             std::uint64_t most_value_bytes) {
  if (mode != Mode::kCreate) RETURN_IF_ERROR(CheckIsFile(path));
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= mode == Mode::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (mode == Mode::kCreate) flags |= SQLITE_OPEN_CREATE;
  // SQLite gives some names a meaning of their own (":memory:"); a path is none of them.
  const std::string name = path.rfind('/', 0) == 0 ? path : absl::StrCat("./", path);
  sqlite3* connection = nullptr;
  const int result = sqlite3_open_v2(name.c_str(), &connection, flags, nullptr);
  if (connection == nullptr) return absl::ResourceExhaustedError("no memory for SQLite");
  std::unique_ptr<SqliteFile> file(new SqliteFile(connection));
  if (result != SQLITE_OK) {
    const absl::Status status = StatusOf(connection, result);
    return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
  }
  sqlite3_busy_timeout(connection, 5000);
  sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, static_cast<int>(most_value_bytes) + 4096);
  // The file may come from a stranger: nothing in its schema is to run.
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  RETURN_IF_ERROR(file->Execute("PRAGMA cell_size_check=ON"));
  return file;
}

SqliteFile::~SqliteFile() {
  sqlite3_close_v2(connection_);
}

absl::Status SqliteFile::Execute(const std::string& sql) {
  return Query(sql).status();
}

absl::StatusOr<std::string> SqliteFile::Query(const std::string& sql) {
  ASSIGN_OR_RETURN(SqliteStatement statement, Prepare(sql));
  ASSIGN_OR_RETURN(bool more, statement.Step());
  if (!more) return std::string();
  std::string first = statement.Text(0);
  while (more) {
    ASSIGN_OR_RETURN(more, statement.Step());
  }
  return first;
}

absl::StatusOr<SqliteStatement> SqliteFile::Prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v2(connection_, sql.c_str(), -1, &statement, nullptr);
  if (result != SQLITE_OK) return StatusOf(connection_, result);
  return SqliteStatement(statement);
}

int SqliteFile::changes() const {
  return sqlite3_changes(connection_);
}

bool SqliteFile::in_transaction() const {
  return sqlite3_get_autocommit(connection_) == 0;
}

absl::Status SqliteFile::LimitPages(std::uint32_t pages) {
  return Execute(absl::StrCat("PRAGMA max_page_count=", pages));
}

}  // namespace kaisar
