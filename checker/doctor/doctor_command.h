#pragma once

#include <cstddef>
#include <string>

namespace kaisar::checker {

struct DoctorOptions {
  std::string config = "checker.yaml";
  std::string version;        // ours
  std::size_t devices = 256;  // of the roster, connected to at most
  bool json = false;
};

/// Looks at all that a checker needs and prints a finding for each, with what to do. Changes
/// nothing, and may run beside the checker.
///
/// Result: the exit status: 0 all is well; 1 there are warnings or failures; 2 the config cannot be
///         read, with one line on standard error.
int DoctorCommand(const DoctorOptions& options);

}  // namespace kaisar::checker
