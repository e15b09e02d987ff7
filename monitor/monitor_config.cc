#include "monitor/monitor_config.h"

#include <arpa/inet.h>

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace kaisar::monitor {
namespace {

constexpr std::size_t kLeastTokenBytes = 16;  // openssl rand -hex 16 gives 32

/// What an address is, as far as it matters here.
struct ListenAddress {
  bool loopback = false;
};

std::optional<ListenAddress> ParseListen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::uint32_t port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(text.substr(colon + 1), &port) ||
      port > 65535) {
    return std::nullopt;
  }
  const std::string host = text.substr(0, colon);
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return ListenAddress{(ntohl(v4.s_addr) >> 24) == 127};
  }
  in6_addr v6;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']' &&
      inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) == 1) {
    return ListenAddress{IN6_IS_ADDR_LOOPBACK(&v6) != 0};
  }
  return std::nullopt;
}

}  // namespace

MonitorConfig ReadMonitorConfig(YamlReader& root, const std::string& otherwise) {
  MonitorConfig config;
  config.listen = otherwise;
  if (!root.Has("monitor")) return config;
  YamlReader monitor = root.Map("monitor");
  config.listen = monitor.TextOr("listen", otherwise);
  config.token_file = monitor.TextOr("token", "");
  if (config.listen == "off") {
    config.listen.clear();
  } else if (const auto address = ParseListen(config.listen); !address.has_value()) {
    monitor.Fail("listen", absl::StrCat("is ", config.listen,
                                        ", expected IP:port with a port up to 65535, or off"));
  } else if (!address->loopback && config.token_file.empty()) {
    monitor.Fail("listen", absl::StrCat("is ", config.listen,
                                        ", which others can reach: that needs a token beside it"));
  }
  monitor.Finish().IgnoreError();  // the document keeps it
  return config;
}

absl::StatusOr<std::string> ReadMonitorToken(const MonitorConfig& config) {
  if (config.token_file.empty()) return "";
  ASSIGN_OR_RETURN(std::string token, ReadPassword(config.token_file));
  if (token.size() >= kLeastTokenBytes) return token;
  return absl::InvalidArgumentError(absl::StrCat(config.token_file, ": the token has ",
                                                 token.size(), " bytes, expected at least ",
                                                 kLeastTokenBytes, " (openssl rand -hex 16)"));
}

}  // namespace kaisar::monitor
