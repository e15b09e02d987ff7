#pragma once

#include <string>

#include "checker/doctor/machine_checks.h"

namespace kaisar::checker {

/// What this machine says of itself; nothing is changed, and what cannot be read is told as such.
SecretFile LookAtSecretFile(const std::string& path);
Folder LookAtFolder(const std::string& path);
/// Of the process that has the folder, when there is one and it tells; else of this one.
DescriptorLimit LookAtDescriptorLimit(const std::string& folder);
Interface LookAtInterface();
/// Why nobody could listen on IP:port now, in the system's words; empty when one could.
std::string LookAtListen(const std::string& address);

/// What `kaisar-iperf --version` says.
///
/// Errors: those of starting it; Unavailable when it says nothing within 5 seconds.
absl::StatusOr<std::string> AskIperfVersion(const std::string& path);

}  // namespace kaisar::checker
