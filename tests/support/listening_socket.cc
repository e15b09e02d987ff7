#include "tests/support/listening_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace kaisar::testing {

absl::StatusOr<ListeningSocket> ListeningSocket::Open(std::uint16_t port) {
  ListeningSocket opened(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int yes = 1;
  // Connections of a test that is over may still linger on the port.
  if (opened.descriptor_ < 0 ||
      setsockopt(opened.descriptor_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      bind(opened.descriptor_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(opened.descriptor_, 16) != 0 ||
      getsockname(opened.descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return absl::InternalError(absl::StrCat("cannot listen on 127.0.0.1:", port));
  }
  opened.port_ = ntohs(address.sin_port);
  return opened;
}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), port_(other.port_) {}

ListeningSocket& ListeningSocket::operator=(ListeningSocket&& other) noexcept {
  if (this != &other) {
    Close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    port_ = other.port_;
  }
  return *this;
}

void ListeningSocket::Close() {
  if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
}

}  // namespace kaisar::testing
