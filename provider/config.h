#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/eip712.h"
#include "monitor/monitor_config.h"

namespace kaisar::provider {

/// A checker slot that may check this provider: who it is on the wire and in its signatures.
struct SlotConfig {
  std::uint32_t id = 0;
  Address address{};  // of the slot's hot key
  Digest tls_pin{};
  friend bool operator==(const SlotConfig&, const SlotConfig&) = default;
};

struct DeviceConfig {
  std::uint32_t id = 0;  // < 2^24
  std::string device_class;
  std::string keystore;  // path
  std::string password;  // path, or "fd:N"
  std::string gpu;       // selector of kernels/gpu_selector.h in its one form; empty: the CPU
  // The most that R·n² of one matmul challenge may be; null: what the GPU's memory holds.
  std::optional<std::uint64_t> state_memory_bytes;
};

/// How often one slot may ask, over all devices together.
struct RateLimitConfig {
  std::uint32_t matmul_per_minute = 60;
  std::uint32_t latency_per_minute = 600;
  std::uint32_t bandwidth_per_minute = 6;
  std::uint32_t burst = 64;  // this many at once
};

/// Which bandwidth tests are taken, by what their challenges say.
struct BandwidthLimits {
  std::uint64_t most_bits_per_second = 0;  // sent at, of either direction; 0: any
  std::uint32_t in_service_seconds = 3;    // counted, of a device that a customer has
  bool refuse_in_service = false;          // none at all of such a device
};

/// What one peer may use up.
struct Limits {
  RateLimitConfig rate;
  std::uint32_t streams_per_slot = 64;
  std::uint32_t idle_ms = 20'000;  // a stream on which the peer owes a message for this long ends
  std::uint32_t opening_ms = 60'000;  // from the commitment: samples asked, and opening taken away
  std::optional<BandwidthLimits> bandwidth;  // null: no tests are taken
};

/// How bandwidth tests are run.
struct BandwidthConfig {
  std::uint32_t first_port = 0;  // a test listens on one of first_port … last_port
  std::uint32_t last_port = 0;
  std::string iperf;  // path of kaisar-iperf; empty: beside this program
};

/// Where the registry is: the slots that may check, when the chain tells them.
struct ChainConfig {
  std::string deployment;        // path
  std::vector<std::string> rpc;  // URLs
  std::uint32_t poll_ms = 5'000;
  std::uint32_t timeout_ms = 5'000;  // of one request to one endpoint
};

struct ProviderConfig {
  SigningDomain domain;  // with a chain: left to whoever reads the deployment file
  std::string listen;    // host:port; port 0 lets the system choose
  std::string tls_key;   // path
  std::vector<DeviceConfig> devices;
  std::vector<SlotConfig> slots;     // empty with a chain
  std::optional<ChainConfig> chain;  // null: `slots` are served, always
  int threads = 1;                   // of the engine of each device without a GPU
  Limits limits;
  std::optional<BandwidthConfig> bandwidth;  // there when `limits.bandwidth` is
  monitor::MonitorConfig monitor;            // default 127.0.0.1:9465, without a token
  std::string log_level;                     // of spdlog
  std::string nvml = "libnvidia-ml.so.1";    // kernels/gpu_information.h; no key: tests set it
};

/// Reads a config file. Paths in it that are not absolute are taken from `directory`.
///
/// Errors: InvalidArgument, one line: file, line, key, value and what was expected.
/// Source: docs/provider.md lists the keys.
absl::StatusOr<ProviderConfig> ParseProviderConfig(const std::string& file, const std::string& yaml,
                                                   const std::string& directory);

/// Reads a config file at `path`; paths in it are taken from its folder.
///
/// Errors: those of ReadFile and ParseProviderConfig.
absl::StatusOr<ProviderConfig> ReadProviderConfig(const std::string& path);

/// A commented config to start from; it parses.
std::string ExampleConfig();

}  // namespace kaisar::provider
