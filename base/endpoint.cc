#include "base/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/plain_values.h"

namespace kaisar {
namespace {

constexpr std::size_t kMostHostBytes = 253;  // RFC 1035, section 3.1, written out

bool IsHostName(const std::string& host) {
  return !host.empty() && host.size() <= kMostHostBytes && host.front() != '-' &&
         host.front() != '.' && std::all_of(host.begin(), host.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' ||
                  c == '_';
         });
}

bool IsIpv6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

absl::StatusOr<Endpoint> ParseEndpoint(const std::string& text, std::uint16_t least_port) {
  const auto wrong = [&] {
    return absl::InvalidArgumentError(absl::StrCat("endpoint is ", text.substr(0, 300),
                                                   ", expected host:port with a port from ",
                                                   least_port, " to 65535"));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return wrong();
  Endpoint endpoint;
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    endpoint.host = host.substr(1, host.size() - 2);
    if (!IsIpv6(endpoint.host)) return wrong();
  } else {
    endpoint.host = host;
    if (!IsHostName(endpoint.host)) return wrong();
  }
  std::uint64_t port = 0;
  if (!ParseDecimal(text.substr(colon + 1), port) || port < least_port || port > 65535) {
    return wrong();
  }
  endpoint.port = static_cast<std::uint16_t>(port);
  return endpoint;
}

}  // namespace kaisar
