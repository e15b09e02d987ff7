#include "audit/flat_file.h"

#include <fcntl.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/descriptor.h"
#include "base/system_error.h"

namespace kaisar::audit {
namespace {

/// What spreadsheets take for the beginning of a formula.
constexpr char kFormulaSigns[] = "=+-@\t\r";

std::string Quoted(const std::string& text) {
  std::string shown = text;
  if (!text.empty() && std::string(kFormulaSigns).find(text[0]) != std::string::npos) {
    shown = absl::StrCat("'", text);
  }
  if (shown.find_first_of(",\"\n\r") == std::string::npos) return shown;
  std::string quoted = "\"";
  for (const char c : shown) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string JsonText(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace

FlatFile::Cell::Cell(std::uint64_t value) : kind_(Kind::kLiteral), text_(absl::StrCat(value)) {}

FlatFile::Cell::Cell(std::int64_t value) : kind_(Kind::kLiteral), text_(absl::StrCat(value)) {}

FlatFile::Cell::Cell(bool value) : kind_(Kind::kLiteral), text_(value ? "true" : "false") {}

FlatFile::Cell::Cell(std::string text) : kind_(Kind::kText), text_(std::move(text)) {}

std::string FlatFile::Cell::ToCsv() const {
  return kind_ == Kind::kText ? Quoted(text_) : text_;
}

std::string FlatFile::Cell::ToJson() const {
  if (kind_ == Kind::kAbsent) return "null";
  return kind_ == Kind::kText ? JsonText(text_) : text_;
}

absl::StatusOr<std::unique_ptr<FlatFile>> FlatFile::Create(const std::string& folder,
                                                           const std::string& name,
                                                           FlatFormat format,
                                                           std::vector<std::string> columns) {
  const std::string path =
      absl::StrCat(folder, "/", name, format == FlatFormat::kCsv ? ".csv" : ".jsonl");
  const Descriptor made(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!made.is_open()) {
    if (errno == EEXIST) {
      return absl::AlreadyExistsError(absl::StrCat(path, ": exists, and is not overwritten"));
    }
    return SystemError("make", path);
  }
  std::unique_ptr<FlatFile> file(new FlatFile(path, format, std::move(columns)));
  if (format == FlatFormat::kCsv) {
    for (std::size_t i = 0; i < file->columns_.size(); ++i) {
      file->out_ << (i == 0 ? "" : ",") << file->columns_[i];
    }
    file->out_ << "\n";
  }
  return file;
}

FlatFile::FlatFile(std::string path, FlatFormat format, std::vector<std::string> columns)
    : path_(std::move(path)), format_(format), columns_(std::move(columns)), out_(path_) {}

void FlatFile::Add(const std::vector<Cell>& cells) {
  KAISAR_CHECK(cells.size() == columns_.size());
  ++rows_;
  const bool csv = format_ == FlatFormat::kCsv;
  if (!csv) out_ << "{";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    out_ << (i == 0 ? "" : ",");
    if (csv) {
      out_ << cells[i].ToCsv();
    } else {
      out_ << "\"" << columns_[i] << "\":" << cells[i].ToJson();
    }
  }
  out_ << (csv ? "\n" : "}\n");
}

absl::Status FlatFile::Finish() {
  out_.close();
  if (!out_.fail()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(path_, ": cannot be written"));
}

}  // namespace kaisar::audit
