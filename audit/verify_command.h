#pragma once

#include <ostream>
#include <string>

#include "audit/verify.h"

namespace kaisar::audit {

/// How to print what verification found.
struct VerifyOutput {
  bool json = false;     // one JSON object instead of a table
  bool devices = false;  // also what the devices say of themselves; in JSON always
};

/// What verification found, for people: a table of the devices, the differences, one last line.
void PrintResult(const VerifyResult& result, bool devices, std::ostream& out);

/// The same for programs, as one JSON object; docs/log-format.md lists its keys.
std::string ResultToJson(const VerifyResult& result);

/// `kaisar-audit verify`.
///
/// Result: the exit status: 0 all holds, 1 something does not, 2 a file cannot be read.
int RunVerify(const std::string& log_path, const std::string& report_path,
              const VerifyOutput& output, std::ostream& out, std::ostream& errors);

}  // namespace kaisar::audit
