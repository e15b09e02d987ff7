#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/yaml_reader.h"

namespace kaisar::monitor {

/// Where a program says how it does.
struct MonitorConfig {
  std::string listen;      // IP:port; empty: nowhere
  std::string token_file;  // path; empty: none is asked for, and `listen` is a loopback address
};

/// Reads the block `monitor` of a config, if it has one; without it, `listen` is `otherwise`. The
/// path of the token is as it stands there. Errors go to the document.
///
/// Source: docs/operating.md.
MonitorConfig ReadMonitorConfig(YamlReader& root, const std::string& otherwise);

/// The token to ask for: the first line of its file, or empty without one.
///
/// Errors: those of ReadPassword (mode 0600); InvalidArgument when it has less than 16 bytes.
absl::StatusOr<std::string> ReadMonitorToken(const MonitorConfig& config);

}  // namespace kaisar::monitor
