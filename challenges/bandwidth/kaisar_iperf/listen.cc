#include "challenges/bandwidth/kaisar_iperf/listen.h"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/system_error.h"
#include "challenges/bandwidth/kaisar_iperf/address.h"

namespace kaisar::challenges {
namespace {

constexpr int kBacklog = 64;  // a test's connections, and some strangers
// Where the headers of IPv4 and IPv6 have the source (RFC 791, RFC 8200).
constexpr std::uint32_t kSourceInV4 = 12;
constexpr std::uint32_t kSourceInV6 = 8;

sock_filter Load(int offset) {
  return sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}

/// A classic BPF program that lets pass what comes from one address.
std::vector<sock_filter> FilterFor(const SocketAddress& only_from) {
  const AddressWords source = WordsOf(only_from);
  const auto skip_unless = [](std::uint32_t value, std::size_t instructions) {
    return sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, static_cast<std::uint8_t>(instructions),
                       value};
  };
  std::vector<sock_filter> program;
  // Each comparison that fails jumps to the last instruction.
  std::size_t left = 2 * source.count + 1;
  program.push_back(Load(SKF_AD_OFF + SKF_AD_PROTOCOL));
  program.push_back(skip_unless(only_from.is_v4() ? ETH_P_IP : ETH_P_IPV6, left));
  const std::uint32_t offset = only_from.is_v4() ? kSourceInV4 : kSourceInV6;
  for (std::size_t i = 0; i < source.count; ++i) {
    left -= 2;
    program.push_back(Load(SKF_NET_OFF + static_cast<int>(offset + 4 * i)));
    program.push_back(skip_unless(source.words[i], left));
  }
  program.push_back(sock_filter{BPF_RET | BPF_K, 0, 0, 0xffffffff});  // the whole packet
  program.push_back(sock_filter{BPF_RET | BPF_K, 0, 0, 0});           // nothing of it
  return program;
}

/// An unbound socket for IPv6 and IPv4, or for IPv4 where the kernel has no other.
int OpenSocket(bool& is_v4) {
  constexpr int kType = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const int both = socket(AF_INET6, kType, 0);
  const int off = 0;
  is_v4 = both < 0;
  if (is_v4) return socket(AF_INET, kType, 0);
  setsockopt(both, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  return both;
}

/// An errno, or 0.
int ListenOn(int descriptor, bool is_v4, std::uint16_t port) {
  // Connections of earlier tests that linger must not keep the port; another listener still does,
  // at the latest in listen().
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  const int bound = is_v4 ? bind(descriptor, reinterpret_cast<sockaddr*>(&v4), sizeof(v4))
                          : bind(descriptor, reinterpret_cast<sockaddr*>(&v6), sizeof(v6));
  return bound == 0 && listen(descriptor, kBacklog) == 0 ? 0 : errno;
}

std::uint32_t PortOf(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  // Both families have the port in the same place.
  return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
}

}  // namespace

absl::StatusOr<ListeningSocket> ListenOnFirstFree(const std::vector<std::uint32_t>& ports,
                                                  const std::string& only_from) {
  std::vector<sock_filter> filter;
  if (!only_from.empty()) {
    ASSIGN_OR_RETURN(const SocketAddress address, ParseSocketAddress(only_from, 0));
    filter = FilterFor(address);
  }
  int last_error = EADDRINUSE;
  for (const std::uint32_t port : ports) {
    bool is_v4 = false;
    const int descriptor = OpenSocket(is_v4);
    if (descriptor < 0) return SystemError("open", "a socket");
    sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    if (!filter.empty() &&
        setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0 &&
        errno != EPERM) {
      const absl::Status failed = SystemError("attach a filter to", "a socket");
      close(descriptor);
      return failed;
    }
    const int error = ListenOn(descriptor, is_v4, static_cast<std::uint16_t>(port));
    if (error == 0) return ListeningSocket{descriptor, PortOf(descriptor)};
    last_error = error;
    close(descriptor);
  }
  const auto [least, most] = std::minmax_element(ports.begin(), ports.end());
  return absl::ResourceExhaustedError(absl::StrCat("none of ", ports.size(), " ports from ", *least,
                                                   " to ", *most,
                                                   " is free: ", std::strerror(last_error)));
}

}  // namespace kaisar::challenges
