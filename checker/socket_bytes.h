#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace kaisar::checker {

/// A TCP connection of this process.
struct SocketBytes {
  std::string peer;            // as PeerAddress writes it
  std::string local;           // likewise; with the peer it names the connection
  std::uint64_t received = 0;  // since the connection was made, TLS and all
};

/// Turns gRPC's name of a peer ("ipv4:192.0.2.1:443", "ipv6:%5B2001:db8::1%5D:443") into
/// "192.0.2.1:443" or "[2001:db8::1]:443". Empty when it is no such name.
std::string PeerAddress(const std::string& grpc_peer);

/// The address alone of what PeerAddress gives: "192.0.2.1", "2001:db8::1". Empty when it is none.
std::string NumericHost(const std::string& peer_address);

/// Tells what this process's TCP connections to some peers have received.
///
/// Errors: Unavailable when /proc or the kernel's TCP_INFO (Linux 4.1) is not there.
/// Threads: any. A descriptor that is closed meanwhile is left out.
/// Cost:   a system call for each open descriptor, and three more for each of these connections.
absl::StatusOr<std::vector<SocketBytes>> ReadSocketBytes(const std::set<std::string>& peers);

}  // namespace kaisar::checker
