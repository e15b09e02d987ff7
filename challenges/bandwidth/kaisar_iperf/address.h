#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace kaisar::challenges {

/// A numeric address with a port, as the system's calls take it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  bool is_v4() const { return storage.ss_family == AF_INET; }
};

/// Reads an IPv4 or IPv6 address; one that is mapped into IPv6 is taken as the IPv4 that it is.
///
/// Errors: InvalidArgument with the text: names are not looked up.
absl::StatusOr<SocketAddress> ParseSocketAddress(const std::string& host, std::uint16_t port);

/// The 4 or 16 bytes of an address, in network order, as 1 or 4 words.
struct AddressWords {
  std::array<std::uint32_t, 4> words{};  // in host order
  std::size_t count = 0;
};
AddressWords WordsOf(const SocketAddress& address);

/// Whether `peer`, as accept gives it, has the address `expected`; ports do not count.
bool HasAddress(const SocketAddress& peer, const SocketAddress& expected);

}  // namespace kaisar::challenges
