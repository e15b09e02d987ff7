#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kaisar::audit {

enum class FlatFormat { kCsv, kJsonLines };

/// A file of rows for spreadsheets, pandas and DuckDB, written row by row. Integers are written as
/// integers. CSV is that of RFC 4180 with line feeds: an absent value is nothing between two
/// commas, and a text that a spreadsheet would take for a formula begins with an apostrophe. Lines
/// of JSON have every key in every line, and null for what is absent.
class FlatFile {
 public:
  /// Absent, a whole number, a truth, or a text; converts like each.
  class Cell {
   public:
    Cell() = default;
    Cell(std::uint64_t value);  // NOLINT
    Cell(std::int64_t value);   // NOLINT
    Cell(bool value);           // NOLINT
    Cell(std::string text);     // NOLINT
    std::string ToCsv() const;
    std::string ToJson() const;

   private:
    enum class Kind { kAbsent, kLiteral, kText };
    Kind kind_ = Kind::kAbsent;
    std::string text_;
  };

  /// Makes FOLDER/NAME.csv or FOLDER/NAME.jsonl. Never over an existing file.
  ///
  /// Errors: AlreadyExists or Internal with the path.
  static absl::StatusOr<std::unique_ptr<FlatFile>> Create(const std::string& folder,
                                                          const std::string& name,
                                                          FlatFormat format,
                                                          std::vector<std::string> columns);

  /// Adds a row: as many cells as there are columns. What cannot be written, Finish tells.
  void Add(const std::vector<Cell>& cells);
  std::uint64_t rows() const { return rows_; }
  const std::string& path() const { return path_; }

  /// Errors: Internal with the path when something could not be written.
  absl::Status Finish();

 private:
  FlatFile(std::string path, FlatFormat format, std::vector<std::string> columns);

  const std::string path_;
  const FlatFormat format_;
  const std::vector<std::string> columns_;
  std::ofstream out_;
  std::uint64_t rows_ = 0;
};

/// A cell of a value that may be absent.
template <typename Optional>
FlatFile::Cell CellOf(const Optional& value) {
  return value.has_value() ? FlatFile::Cell(std::uint64_t{*value}) : FlatFile::Cell();
}

}  // namespace kaisar::audit
