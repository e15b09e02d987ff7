#include "audit/text_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace kaisar::audit {

std::string AlignColumns(const std::vector<std::vector<std::string>>& rows,
                         const std::set<std::size_t>& words) {
  if (rows.empty()) return "";
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      const bool left = words.count(i) > 0;
      absl::StrAppend(&line, i == 0 ? "" : "  ", left ? "" : padding, row[i], left ? padding : "");
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

}  // namespace kaisar::audit
