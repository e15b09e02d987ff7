#pragma once

#include <ostream>
#include <string>

namespace kaisar::audit {

struct HtmlOptions {
  std::string log_path, report_path, page_path;
  int threads = 0;     // 0: as many as the machine runs at once
  bool quiet = false;  // no progress on a terminal
};

/// `kaisar-audit html`: verifies and writes one page of what came out; replaces what is there.
///
/// Result: the exit status of `verify`: 0 all holds, 1 something does not, and the page says so, 2
/// a
///         file cannot be read or written.
int RunHtml(const HtmlOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace kaisar::audit
