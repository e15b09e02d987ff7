#include "provider/config.h"

#include <algorithm>
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
#include "kernels/gpu_selector.h"

namespace kaisar::provider {
namespace {

constexpr std::uint64_t kMostConfigBytes = 1 << 20;
constexpr char kMonitorListen[] = "127.0.0.1:9465";
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

/// Result: empty for a device on the CPU.
std::string ReadGpu(YamlReader& entry, const std::vector<DeviceConfig>& others) {
  if (!entry.Has("gpu")) return "";
  const absl::StatusOr<std::string> gpu = kernels::NormalGpuSelector(entry.Text("gpu", 64));
  if (!gpu.ok()) {
    entry.Fail("gpu", std::string(gpu.status().message()));
    return "";
  }
  for (const DeviceConfig& other : others) {
    if (other.gpu == *gpu) {
      entry.Fail("gpu", absl::StrCat("is ", *gpu, ", which device ", other.id, " has"));
    }
  }
  return *gpu;
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
    device.gpu = ReadGpu(entry, devices);
    if (entry.Has("state_memory_bytes")) {
      device.state_memory_bytes =
          entry.Uint("state_memory_bytes", kLeastStateBytes, kMostStateBytes);
    }
    if (!ids.insert(device.id).second) {
      entry.Fail("id", absl::StrCat("is ", device.id, ", which another device has"));
    }
    entry.Finish().IgnoreError();  // the document keeps its first error
    devices.push_back(std::move(device));
  }
  if (devices.empty()) root.Fail("devices", "is empty, expected at least one device");
  return devices;
}

/// What is said of all devices goes to those of which no more is said.
void ReadStateMemory(YamlReader& root, std::vector<DeviceConfig>& devices) {
  const bool needed = std::any_of(devices.begin(), devices.end(), [](const DeviceConfig& device) {
    return device.gpu.empty() && !device.state_memory_bytes.has_value();
  });
  if (!needed && !root.Has("state_memory_bytes")) return;
  const std::uint64_t bytes = root.Uint("state_memory_bytes", kLeastStateBytes, kMostStateBytes);
  for (DeviceConfig& device : devices) {
    if (!device.state_memory_bytes.has_value()) device.state_memory_bytes = bytes;
  }
}

/// Of each device on the CPU.
int ReadThreads(YamlReader& root, const std::vector<DeviceConfig>& devices) {
  const auto on_cpu = static_cast<std::uint64_t>(
      std::count_if(devices.begin(), devices.end(),
                    [](const DeviceConfig& device) { return device.gpu.empty(); }));
  if (on_cpu == 0 && !devices.empty() && root.Has("threads")) {
    root.Fail("threads", "is for devices on the CPU, and each device here has a GPU");
  }
  const std::uint64_t cores = std::max(1U, std::thread::hardware_concurrency());
  const std::uint64_t share = cores / std::max<std::uint64_t>(1, on_cpu);
  return static_cast<int>(
      root.UintOr("threads", 1, kMostThreads, std::max<std::uint64_t>(1, share)));
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
  ReadStateMemory(root, config.devices);
  config.threads = ReadThreads(root, config.devices);
  config.limits = ReadLimits(root, config.devices.size());
  ReadBandwidth(root, directory, config);
  config.monitor = monitor::ReadMonitorConfig(root, kMonitorListen);
  config.monitor.token_file = Resolve(config.monitor.token_file, directory);
  config.log_level =
      root.Has("log_level") ? LogLevels()[root.Choice("log_level", LogLevels())] : "info";
  RETURN_IF_ERROR(root.Finish());
  return config;
}

absl::StatusOr<ProviderConfig> ReadProviderConfig(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string yaml, ReadFile(path, kMostConfigBytes));
  return ParseProviderConfig(path, yaml, std::filesystem::path(path).parent_path().string());
}

}  // namespace kaisar::provider
