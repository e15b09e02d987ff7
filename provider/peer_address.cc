#include "provider/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>

#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace kaisar::provider {
namespace {

template <typename Binary>
std::optional<std::string> Canonical(int family, absl::string_view text) {
  Binary binary{};
  if (::inet_pton(family, std::string(text).c_str(), &binary) != 1) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> shown{};
  if (::inet_ntop(family, &binary, shown.data(), shown.size()) == nullptr) return std::nullopt;
  return std::string(shown.data());
}

std::optional<std::string> FromIpv6(absl::string_view text) {
  const std::optional<std::string> shown =
      Canonical<in6_addr>(AF_INET6, text.substr(0, text.find('%')));
  if (!shown.has_value()) return std::nullopt;
  absl::string_view mapped = *shown;
  if (absl::ConsumePrefix(&mapped, "::ffff:")) {
    if (auto ipv4 = Canonical<in_addr>(AF_INET, mapped); ipv4.has_value()) return ipv4;
  }
  return shown;
}

}  // namespace

std::optional<std::string> NumericAddress(absl::string_view peer) {
  if (absl::ConsumePrefix(&peer, "ipv4:")) {
    return Canonical<in_addr>(AF_INET, peer.substr(0, peer.rfind(':')));
  }
  if (!absl::ConsumePrefix(&peer, "ipv6:")) return std::nullopt;
  // gRPC escapes brackets and the zone's percent sign.
  const std::string plain = absl::StrReplaceAll(
      peer, {{"%5B", "["}, {"%5b", "["}, {"%5D", "]"}, {"%5d", "]"}, {"%25", "%"}});
  const std::size_t close = plain.find(']');
  if (plain.empty() || plain.front() != '[' || close == std::string::npos) return std::nullopt;
  return FromIpv6(absl::string_view(plain).substr(1, close - 1));
}

}  // namespace kaisar::provider
