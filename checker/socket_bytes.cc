#include "checker/socket_bytes.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/tcp.h>  // the one of the C library lacks tcpi_bytes_received
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace kaisar::checker {
namespace {

using NameOf = int (*)(int, sockaddr*, socklen_t*);

/// The address as PeerAddress writes it; empty when the descriptor has none.
std::string Address(int descriptor, NameOf name_of) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (name_of(descriptor, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return "";
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof(v4));
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return absl::StrCat(text, ":", ntohs(v4.sin_port));
  }
  if (storage.ss_family != AF_INET6) return "";
  sockaddr_in6 v6{};
  std::memcpy(&v6, &storage, sizeof(v6));
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text, sizeof(text));
    return absl::StrCat(text, ":", ntohs(v6.sin6_port));
  }
  inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
  return absl::StrCat("[", text, "]:", ntohs(v6.sin6_port));
}

}  // namespace

std::string PeerAddress(const std::string& grpc_peer) {
  if (absl::StartsWith(grpc_peer, "ipv4:")) return grpc_peer.substr(5);
  if (!absl::StartsWith(grpc_peer, "ipv6:")) return "";
  return absl::StrReplaceAll(grpc_peer.substr(5), {{"%5B", "["}, {"%5D", "]"}});
}

std::string NumericHost(const std::string& peer_address) {
  std::string host = peer_address.substr(0, peer_address.rfind(':'));
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return absl::StrReplaceAll(host, {{"%25", "%"}});  // of a zone
}

absl::StatusOr<std::vector<SocketBytes>> ReadSocketBytes(const std::set<std::string>& peers) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  if (folder == nullptr) {
    return absl::UnavailableError(absl::StrCat("/proc/self/fd: ", std::strerror(errno)));
  }
  std::vector<SocketBytes> found;
  while (const dirent* entry = readdir(folder.get())) {
    int descriptor = -1;
    if (!absl::SimpleAtoi(entry->d_name, &descriptor)) continue;  // "." and ".."
    SocketBytes socket;
    socket.peer = Address(descriptor, getpeername);
    if (socket.peer.empty() || peers.count(socket.peer) == 0) continue;
    socket.local = Address(descriptor, getsockname);
    tcp_info info{};
    socklen_t size = sizeof(info);
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) continue;
    if (size < offsetof(tcp_info, tcpi_bytes_received) + sizeof(info.tcpi_bytes_received)) {
      return absl::UnavailableError("the kernel does not count received bytes");
    }
    // It may have been closed meanwhile, and the number be another connection's.
    if (Address(descriptor, getsockname) != socket.local) continue;
    socket.received = info.tcpi_bytes_received;
    found.push_back(std::move(socket));
  }
  return found;
}

}  // namespace kaisar::checker
