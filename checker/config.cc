#include "checker/config.h"

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/endpoint.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/yaml_reader.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kMostConfigBytes = 1 << 20;
constexpr std::size_t kMostReferenceEndpoints = 16;
constexpr std::size_t kMostNtpServers = 8;
constexpr std::uint64_t kLeastLine = 1'000'000;  // bits per second; below, nothing counts
constexpr char kMonitorListen[] = "127.0.0.1:9464";
constexpr std::uint64_t kMostLine = 1'000'000'000'000;  // more than any connection

std::string Beside(const std::string& file, const std::string& path) {
  const std::filesystem::path given(path);
  if (given.is_absolute() || path.empty()) return path;
  return (std::filesystem::path(file).parent_path() / given).lexically_normal().string();
}

std::vector<std::string> ReferenceEndpoints(YamlReader& root) {
  const std::string key = "reference_endpoints";
  if (!root.Has(key)) return {};
  std::vector<std::string> endpoints = root.Texts(key);
  if (endpoints.size() > kMostReferenceEndpoints) {
    root.Fail(key, absl::StrCat("has ", endpoints.size(), " entries, expected at most ",
                                kMostReferenceEndpoints));
  }
  for (const std::string& endpoint : endpoints) {
    if (!ParseEndpoint(endpoint).ok()) {
      root.Fail(key,
                absl::StrCat("is ", endpoint, ", expected host:port with a port from 1 to 65535"));
    }
  }
  return endpoints;
}

std::vector<std::string> NtpServers(YamlReader& root) {
  const std::string key = "ntp_servers";
  if (!root.Has(key)) return {};
  std::vector<std::string> servers = root.Texts(key);
  if (servers.size() > kMostNtpServers) {
    root.Fail(key,
              absl::StrCat("has ", servers.size(), " entries, expected at most ", kMostNtpServers));
  }
  for (std::string& server : servers) {
    const std::string with_port = absl::StrCat(server, ":123");
    if (ParseEndpoint(with_port).ok()) server = with_port;
    if (!ParseEndpoint(server).ok()) {
      root.Fail(key, absl::StrCat("is ", server, ", expected host or host:port"));
    }
  }
  return servers;
}

/// What this machine's own connection carries.
LineCapacity ReadConnection(YamlReader connection) {
  LineCapacity line;
  line.out_bits_per_second = connection.Uint("out_bits_per_second", kLeastLine, kMostLine);
  line.in_bits_per_second = connection.Uint("in_bits_per_second", kLeastLine, kMostLine);
  connection.Finish().IgnoreError();  // the document keeps it
  return line;
}

/// Who takes part and when: either the roster and a slot of it, or the chain.
void ReadRegistry(const std::string& file, YamlReader& root, Config& config) {
  const std::vector<std::string> kinds = {"file", "evm"};
  const bool evm = root.Has("registry") && root.Choice("registry", kinds) == 1;
  if (!evm || root.Has("slot")) {
    config.slot = static_cast<std::uint32_t>(root.Uint("slot", 0, UINT32_MAX));
  }
  const std::string other = evm ? "roster" : "chain";
  if (root.Has(other)) {
    root.Fail(other, absl::StrCat("does not go with registry: ", evm ? "evm" : "file"));
  }
  if (!evm) {
    config.roster = Beside(file, root.Text("roster"));
    return;
  }
  YamlReader chain = root.Map("chain");
  config.chain = ReadChainConfig(chain);
  config.chain->deployment = Beside(file, config.chain->deployment);
  // Its error is the document's, which the end of the root reports.
  chain.Finish().IgnoreError();
}

}  // namespace

absl::StatusOr<Config> ParseConfig(const std::string& file, const std::string& yaml) {
  ASSIGN_OR_RETURN(YamlReader root, YamlReader::Parse(file, yaml));
  const auto path = [&](const std::string& key) { return Beside(file, root.Text(key)); };
  const auto limited = [&](const std::string& key, std::uint64_t least, std::uint64_t most,
                           std::uint32_t otherwise) {
    return static_cast<std::uint32_t>(root.UintOr(key, least, most, otherwise));
  };
  Config config;
  config.data_dir = path("data_dir");
  ReadRegistry(file, root, config);
  config.policy = path("policy");
  config.keystore = path("keystore");
  config.password = root.Text("password");
  if (!absl::StartsWith(config.password, "fd:")) config.password = Beside(file, config.password);
  config.tls_key = path("tls_key");
  config.hash_chain = path("hash_chain");
  config.reference_endpoints = ReferenceEndpoints(root);
  config.ntp_servers = NtpServers(root);
  if (root.Has("connection")) config.connection = ReadConnection(root.Map("connection"));
  if (root.Has("iperf")) config.iperf = path("iperf");
  config.check_threads = limited("check_threads", 1, 64, config.check_threads);
  config.max_matmul_in_flight =
      limited("max_matmul_in_flight", 1, 65536, config.max_matmul_in_flight);
  config.connect_timeout_ms = limited("connect_timeout_ms", 100, 60'000, config.connect_timeout_ms);
  config.idle_timeout_ms = limited("idle_timeout_ms", 1000, 86'400'000, config.idle_timeout_ms);
  config.monitor = monitor::ReadMonitorConfig(root, kMonitorListen);
  config.monitor.token_file = Beside(file, config.monitor.token_file);
  if (root.Has("log_level")) {
    const std::vector<std::string> levels = {"trace", "debug", "info", "warn", "error"};
    config.log_level = levels[root.Choice("log_level", levels)];
  }
  RETURN_IF_ERROR(root.Finish());
  return config;
}

absl::StatusOr<Config> ReadConfig(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string yaml, ReadFile(path, kMostConfigBytes));
  return ParseConfig(path, yaml);
}

}  // namespace kaisar::checker
