#include "provider/config.h"

#include <filesystem>
#include <set>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/yaml_reader.h"
#include "challenges/limits.h"

namespace kaisar::provider {
namespace {

constexpr std::uint64_t kMostConfigBytes = 1 << 20;
constexpr std::uint64_t kMostSlotId = 0xffff'ffff;
constexpr std::uint64_t kMostId64 = ~std::uint64_t{0};
constexpr std::uint64_t kMostPerMinute = 6'000;
constexpr std::uint64_t kMostBurst = 10'000;
constexpr std::uint64_t kMostThreads = 1024;
constexpr std::size_t kMostEndpoints = 8;  // as chain/json_rpc_client.h takes them
// Below are the system's own services.
constexpr std::uint32_t kLeastTestPort = 1024;
constexpr std::uint32_t kMostTestPort = 65'535;
// All of them are handed to each test, which tries them in turn.
constexpr std::uint32_t kMostTestPorts = 1'024;
// The smallest state of the protocol (n = 256, R = 1) and the largest (n = 32768, R = 4096).
constexpr std::uint64_t kLeastStateBytes = 256 * 256;
constexpr std::uint64_t kMostStateBytes = std::uint64_t{32768} * 32768 * 4096;

const std::vector<std::string>& LogLevels() {
  static const std::vector<std::string> levels = {"trace", "debug",    "info", "warning",
                                                  "error", "critical", "off"};
  return levels;
}

std::string Resolve(const std::string& path, const std::string& directory) {
  if (path.empty() || path.front() == '/' || path.rfind("fd:", 0) == 0 || directory.empty()) {
    return path;
  }
  return absl::StrCat(directory, "/", path);
}

std::vector<DeviceConfig> ReadDevices(YamlReader& root, const std::string& directory) {
  std::vector<DeviceConfig> devices;
  std::set<std::uint32_t> ids;
  for (YamlReader& entry : root.Maps("devices")) {
    DeviceConfig device;
    device.id = static_cast<std::uint32_t>(entry.Uint("id", 0, challenges::kMostDeviceId));
    device.device_class = entry.Text("class", 64);
    device.keystore = Resolve(entry.Text("keystore"), directory);
    device.password = Resolve(entry.Text("password"), directory);
    if (!ids.insert(device.id).second) {
      entry.Fail("id", absl::StrCat("is ", device.id, ", which another device has"));
    }
    entry.Finish().IgnoreError();  // the document keeps its first error
    devices.push_back(std::move(device));
  }
  if (devices.empty()) root.Fail("devices", "is empty, expected at least one device");
  return devices;
}

std::vector<SlotConfig> ReadSlots(YamlReader& root) {
  std::vector<SlotConfig> slots;
  std::set<std::uint32_t> ids;
  std::set<Digest> pins;
  for (YamlReader& entry : root.Maps("slots")) {
    SlotConfig slot;
    slot.id = static_cast<std::uint32_t>(entry.Uint("id", 0, kMostSlotId));
    slot.address = entry.EvmAddress("address");
    slot.tls_pin = entry.Bytes32("tls_pin");
    if (!ids.insert(slot.id).second) {
      entry.Fail("id", absl::StrCat("is ", slot.id, ", which another slot has"));
    }
    if (!pins.insert(slot.tls_pin).second) entry.Fail("tls_pin", "is another slot's");
    entry.Finish().IgnoreError();
    slots.push_back(slot);
  }
  if (slots.empty()) root.Fail("slots", "is empty, expected at least one checker slot");
  return slots;
}

std::optional<ChainConfig> ReadChain(YamlReader& root, const std::string& directory) {
  if (!root.Has("chain")) return std::nullopt;
  for (const char* key : {"slots", "chain_id", "contract"}) {
    if (root.Has(key)) root.Fail(key, "is told by the chain; leave it out, or leave out `chain`");
  }
  YamlReader entry = root.Map("chain");
  ChainConfig chain;
  chain.deployment = Resolve(entry.Text("deployment"), directory);
  chain.rpc = entry.Texts("rpc");
  if (chain.rpc.empty() || chain.rpc.size() > kMostEndpoints) {
    entry.Fail("rpc", absl::StrCat("has ", chain.rpc.size(), " endpoints, expected 1 to ",
                                   kMostEndpoints));
  }
  chain.poll_ms = static_cast<std::uint32_t>(entry.UintOr("poll_ms", 100, 60'000, chain.poll_ms));
  chain.timeout_ms =
      static_cast<std::uint32_t>(entry.UintOr("timeout_ms", 100, 60'000, chain.timeout_ms));
  entry.Finish().IgnoreError();
  return chain;
}

/// `7500-7515`, or one port.
void ReadPorts(YamlReader& entry, absl::string_view listen, BandwidthConfig& config) {
  const std::string text = entry.Text("ports", 16);
  const std::vector<std::string> ends = absl::StrSplit(text, '-');
  if (text.empty()) return;  // there is an error already
  const bool read = ends.size() <= 2 && absl::SimpleAtoi(ends.front(), &config.first_port) &&
                    absl::SimpleAtoi(ends.back(), &config.last_port);
  if (!read || config.first_port < kLeastTestPort || config.last_port > kMostTestPort ||
      config.first_port > config.last_port ||
      config.last_port - config.first_port >= kMostTestPorts) {
    return entry.Fail(
        "ports", absl::StrCat("is ", text, ", expected one port or FIRST-LAST, ", kLeastTestPort,
                              " to ", kMostTestPort, ", at most ", kMostTestPorts, " of them"));
  }
  std::uint32_t own = 0;
  if (absl::SimpleAtoi(listen.substr(listen.rfind(':') + 1), &own) && own >= config.first_port &&
      own <= config.last_port) {
    entry.Fail("ports", absl::StrCat("is ", text, ", which holds the port of listen, ", own));
  }
}

void ReadBandwidth(YamlReader& root, const std::string& directory, ProviderConfig& config) {
  if (!root.Has("bandwidth")) return;
  YamlReader entry = root.Map("bandwidth");
  ReadPorts(entry, config.listen, config.bandwidth.emplace());
  config.bandwidth->iperf = Resolve(entry.TextOr("iperf", ""), directory);
  BandwidthLimits& limits = config.limits.bandwidth.emplace();
  limits.in_service_seconds = static_cast<std::uint32_t>(entry.UintOr(
      "in_service_seconds", 1, challenges::kMostTestSeconds, limits.in_service_seconds));
  limits.refuse_in_service = entry.BoolOr("refuse_in_service", limits.refuse_in_service);
  limits.most_bits_per_second = entry.UintOr("most_bits_per_second", 1, challenges::kMostClaim, 0);
  entry.Finish().IgnoreError();
}

Limits ReadLimits(YamlReader& root, std::size_t devices) {
  Limits limits;
  limits.state_memory_bytes = root.Uint("state_memory_bytes", kLeastStateBytes, kMostStateBytes);
  limits.streams_per_slot =
      static_cast<std::uint32_t>(root.UintOr("streams_per_slot", 1, 1024, limits.streams_per_slot));
  limits.idle_ms = static_cast<std::uint32_t>(root.UintOr("idle_ms", 100, 600'000, limits.idle_ms));
  limits.opening_ms =
      static_cast<std::uint32_t>(root.UintOr("opening_ms", 100, 3'600'000, limits.opening_ms));
  if (!root.Has("rate_limit")) return limits;
  YamlReader rate = root.Map("rate_limit");
  limits.rate.matmul_per_minute =
      static_cast<std::uint32_t>(rate.Uint("matmul_per_minute", 1, kMostPerMinute));
  limits.rate.latency_per_minute =
      static_cast<std::uint32_t>(rate.Uint("latency_per_minute", 1, kMostPerMinute));
  limits.rate.bandwidth_per_minute = static_cast<std::uint32_t>(
      rate.UintOr("bandwidth_per_minute", 1, kMostPerMinute, limits.rate.bandwidth_per_minute));
  limits.rate.burst = static_cast<std::uint32_t>(rate.Uint("burst", 1, kMostBurst));
  // All devices of one owner meet their matmul challenges at the same instant.
  if (limits.rate.burst < devices) {
    rate.Fail("burst", absl::StrCat("is ", limits.rate.burst, ", expected at least ", devices,
                                    ", the number of devices"));
  }
  rate.Finish().IgnoreError();
  return limits;
}

}  // namespace

absl::StatusOr<ProviderConfig> ParseProviderConfig(const std::string& file, const std::string& yaml,
                                                   const std::string& directory) {
  ASSIGN_OR_RETURN(YamlReader root, YamlReader::Parse(file, yaml));
  ProviderConfig config;
  config.chain = ReadChain(root, directory);
  if (!config.chain.has_value()) {
    config.domain.chain_id = root.Uint("chain_id", 1, kMostId64);
    config.domain.contract = root.EvmAddress("contract");
    config.slots = ReadSlots(root);
  }
  config.listen = root.HostPort("listen", /*port_zero=*/true);
  config.tls_key = Resolve(root.Text("tls_key"), directory);
  config.devices = ReadDevices(root, directory);
  const std::uint64_t cores = std::max(1U, std::thread::hardware_concurrency());
  const std::uint64_t share =
      std::max<std::uint64_t>(1, cores / std::max<std::size_t>(1, config.devices.size()));
  config.threads = static_cast<int>(root.UintOr("threads", 1, kMostThreads, share));
  config.limits = ReadLimits(root, config.devices.size());
  ReadBandwidth(root, directory, config);
  config.log_level =
      root.Has("log_level") ? LogLevels()[root.Choice("log_level", LogLevels())] : "info";
  RETURN_IF_ERROR(root.Finish());
  return config;
}

absl::StatusOr<ProviderConfig> ReadProviderConfig(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string yaml, ReadFile(path, kMostConfigBytes));
  return ParseProviderConfig(path, yaml, std::filesystem::path(path).parent_path().string());
}

std::string ExampleConfig() {
  return R"(# Config of kaisar-provider. Every key: docs/provider.md. Unknown keys are errors.
# Paths that are not absolute are taken from the folder of this file.

# The network whose challenges are answered: part of everything that is signed. Leave out these two,
# and `slots` below, when the chain tells them (see `chain`).
chain_id: 1
contract: "0x0000000000000000000000000000000000000000"  # zero when there is no chain

# Where checkers reach this machine. Open this TCP port in the firewall, and those of `bandwidth`.
listen: 0.0.0.0:7443

# `kaisar-provider keys new --out keys` makes these files and prints address and pin for the
# registry.
tls_key: keys/tls.pem
devices:
  - id: 1
    class: cpu
    keystore: keys/keystore.json
    password: keys/password  # a file with mode 0600, or fd:N

# Threads of each device's engine. Left out: the cores, shared among the devices.
# threads: 8

# The most that the states of one matmul challenge may take: rounds * n * n bytes.
# Inputs (2 * n * n) and hash trees (a sixteenth) come on top. Larger challenges are refused.
state_memory_bytes: 4294967296

# The checkers that may check this machine.
slots:
  - id: 1
    address: "0x0000000000000000000000000000000000000001"
    tls_pin: "0000000000000000000000000000000000000000000000000000000000000001"

# On a chain instead, the slots that may check are drawn anew for each epoch; a device's id is what
# `kaisar-provider register` prints.
# chain:
#   deployment: deployment.json       # where the contracts are
#   rpc: ["http://127.0.0.1:8545"]    # up to 8, tried in turn
#   poll_ms: 5000
#   timeout_ms: 5000                  # of one request

# Bandwidth tests, one at a time: each listens for a few seconds on one of these TCP ports, for the
# checker alone. Without this block there are none, and the checkers count them as refused.
bandwidth:
  ports: 7500-7515
  in_service_seconds: 3     # longer tests are refused while a customer has the device
  refuse_in_service: false  # refuse them all then
  # most_bits_per_second: 1100000000  # refuse tests that are sent faster
  # iperf: /usr/lib/kaisar/kaisar-iperf  # left out: beside this program

# How often one checker may ask, over all devices.
rate_limit:
  matmul_per_minute: 60
  latency_per_minute: 600
  bandwidth_per_minute: 6
  burst: 64  # at once; at least the number of devices

# streams_per_slot: 64   # at once
# idle_ms: 20000         # a checker that owes a message for this long is cut off
# opening_ms: 60000      # from the commitment until the samples must have been asked
log_level: info          # trace, debug, info, warning, error, critical, off
)";
}

}  // namespace kaisar::provider
