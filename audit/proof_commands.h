#pragma once

#include <cstdint>
#include <ostream>
#include <string>

namespace kaisar::audit {

/// `kaisar-audit prove`: writes the proof of one record into a file, or prints it when the path is
/// empty.
///
/// Result: the exit status: 0 done, 1 the log is damaged, 2 a file cannot be read or written, or
///         the log has no such record or is not closed.
int RunProve(const std::string& log_path, std::uint64_t index, const std::string& proof_path,
             std::ostream& out, std::ostream& errors);

/// `kaisar-audit check-proof`: prints the record and what the proof shows.
///
/// Result: the exit status: 0 the record is under the report's root, 1 it is not, or the report
///         contradicts itself, 2 a file cannot be read.
int RunCheckProof(const std::string& proof_path, const std::string& report_path, std::ostream& out,
                  std::ostream& errors);

}  // namespace kaisar::audit
