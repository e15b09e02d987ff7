#pragma once

#include <set>
#include <string>
#include <vector>

namespace kaisar::audit {

/// Rows of text as columns, two spaces between them: words left, figures right.
///
/// Shapes: every row has as many cells as the first one, the heading.
/// Result: a line a row, nothing behind the last word.
std::string AlignColumns(const std::vector<std::vector<std::string>>& rows,
                         const std::set<std::size_t>& words);

}  // namespace kaisar::audit
