#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "checker/chain_config.h"
#include "checker/line_budget.h"
#include "monitor/monitor_config.h"

namespace kaisar::checker {

/// What one checker process is told by its config file. Paths are absolute or as seen from the
/// working directory: those in the file are relative to the file.
///
/// Source: docs/operating.md; `kaisar-checker init` writes a commented one.
struct Config {
  /// Null only with a chain, which then tells the slot by the hot key.
  std::optional<std::uint32_t> slot;
  std::string data_dir;  // logs, reports, signature store, outbox
  /// Where epochs come from, `registry: file` or `evm`: one of the two.
  std::string roster;  // YAML, checker/roster_file.h; empty with a chain
  std::optional<ChainConfig> chain;
  std::string policy;      // YAML, challenges/policy.h
  std::string keystore;    // the hot key
  std::string password;    // opens keystore and hash chain: a path, or "fd:N"
  std::string tls_key;     // PEM: private key and certificate
  std::string hash_chain;  // checker/hash_chain_file.h

  /// host:port of strangers that nearly always accept a TCP connect: they tell a device that is
  /// down from a checker that is offline.
  std::vector<std::string> reference_endpoints;  // default none, at most 16
  /// host:port that tell the time over SNTP, for `doctor` to compare the clock with.
  std::vector<std::string> ntp_servers;            // port 123 without one; default none, at most 8
  std::optional<LineCapacity> connection;          // needed when the policy asks bandwidth
  std::string iperf;                               // empty: beside this program
  std::uint32_t check_threads = 1;                 // 1 to 64
  std::uint32_t max_matmul_in_flight = 4096;       // 1 to 65536
  std::uint32_t connect_timeout_ms = 3000;         // TCP and TLS; 100 to 60000
  std::uint32_t idle_timeout_ms = 30 * 60 * 1000;  // unused connections close; 1000 to 86400000
  monitor::MonitorConfig monitor;                  // default 127.0.0.1:9464, without a token
  std::string log_level = "info";                  // trace, debug, info, warn, error
};

/// Reads a config from its text.
///
/// Errors: InvalidArgument, one line: file, line, key, value and what was expected.
absl::StatusOr<Config> ParseConfig(const std::string& file, const std::string& yaml);

/// Reads a config file.
///
/// Errors: as ParseConfig and ReadFile.
absl::StatusOr<Config> ReadConfig(const std::string& path);

}  // namespace kaisar::checker
