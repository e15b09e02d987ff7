#include "challenges/bandwidth/kaisar_iperf/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/printable.h"

namespace kaisar::challenges {
namespace {

constexpr std::size_t kMostHostBytes = 64;  // of a wrong one in a message
constexpr std::size_t kMappedPrefixBytes = 12;

sockaddr_in V4Of(const void* address, std::uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  std::memcpy(&v4.sin_addr, address, sizeof(v4.sin_addr));
  return v4;
}

/// An IPv4 address that is mapped into IPv6 as the IPv4 that it is; others as they are.
SocketAddress Unmapped(const SocketAddress& address) {
  if (address.storage.ss_family != AF_INET6) return address;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address.storage, sizeof(v6));
  if (!IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return address;
  const sockaddr_in v4 = V4Of(v6.sin6_addr.s6_addr + kMappedPrefixBytes, ntohs(v6.sin6_port));
  SocketAddress unmapped;
  std::memcpy(&unmapped.storage, &v4, sizeof(v4));
  unmapped.size = sizeof(v4);
  return unmapped;
}

}  // namespace

absl::StatusOr<SocketAddress> ParseSocketAddress(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &found) != 0 ||
      found == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("host is ", Printable(host, kMostHostBytes), ", expected a numeric address"));
  }
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  freeaddrinfo(found);
  return Unmapped(address);
}

AddressWords WordsOf(const SocketAddress& address) {
  AddressWords result;
  if (address.is_v4()) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.storage, sizeof(v4));
    result.words[0] = ntohl(v4.sin_addr.s_addr);
    result.count = 1;
    return result;
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address.storage, sizeof(v6));
  std::memcpy(result.words.data(), &v6.sin6_addr, sizeof(v6.sin6_addr));
  for (std::uint32_t& word : result.words) word = ntohl(word);
  result.count = result.words.size();
  return result;
}

bool HasAddress(const SocketAddress& peer, const SocketAddress& expected) {
  const AddressWords theirs = WordsOf(Unmapped(peer));
  const AddressWords words = WordsOf(expected);
  return theirs.count == words.count && theirs.words == words.words;
}

}  // namespace kaisar::challenges
