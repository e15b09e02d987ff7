#include "challenges/bandwidth/kaisar_iperf/entrance.h"

#include <netinet/in.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

#include "base/status_macros.h"
#include "challenges/bandwidth/kaisar_iperf/calls.h"

namespace kaisar::challenges {
namespace {

// libiperf's COOKIE_SIZE.
constexpr int kCookieBytes = std::tuple_size_v<Entrance::Cookie>;
// More than a test has connections; the oldest goes when yet another comes.
constexpr std::size_t kMostWaiting = 32;
// How long libiperf may wait for one message of a client that has not proved itself; it waits for
// two at most. A client needs one round trip for its own.
constexpr timeval kStrangerTimeout = {1, 0};
// The same afterwards: results cross a line that is still full. The deadline comes anyhow.
constexpr timeval kClientTimeout = {10, 0};

void SetTimeouts(int descriptor, const timeval& timeout) {
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

void SetReadableFrom(int descriptor, int bytes) {
  setsockopt(descriptor, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
}

bool HasCookie(int descriptor) {
  int bytes = 0;
  return ioctl(descriptor, FIONREAD, &bytes) == 0 && bytes >= kCookieBytes;
}

Entrance::Cookie CookieOf(int descriptor) {
  Entrance::Cookie cookie{};
  recv(descriptor, cookie.data(), cookie.size(), MSG_PEEK | MSG_DONTWAIT);
  return cookie;
}

std::uint16_t PortOf(const sockaddr* address, socklen_t size) {
  if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(address)->sin_port);
  }
  if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(address)->sin6_port);
  }
  return 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Entrance>> Entrance::Open(const std::vector<std::uint32_t>& ports,
                                                         const std::string& only_from) {
  std::optional<SocketAddress> address;
  if (!only_from.empty()) {
    ASSIGN_OR_RETURN(address, ParseSocketAddress(only_from, 0));
  }
  ASSIGN_OR_RETURN(const ListeningSocket socket, ListenOnFirstFree(ports, only_from));
  return std::unique_ptr<Entrance>(new Entrance(socket, std::move(address)));
}

Entrance::~Entrance() {
  for (const int descriptor : waiting_) close(descriptor);
  close(listener_);
}

void Entrance::StartTest(std::function<void()> authenticated,
                         std::function<void(std::uint32_t)> stream) {
  libiperfs_ = -1;
  control_ = -1;
  accepted_ = 0;
  authenticated_ = false;
  streams_ = 0;
  on_authenticated_ = std::move(authenticated);
  on_stream_ = std::move(stream);
}

int Entrance::Bind(int descriptor, const sockaddr* address, socklen_t size) {
  if (PortOf(address, size) != port_) return SystemBind(descriptor, address, size);
  if (dup2(listener_, descriptor) < 0) return -1;
  libiperfs_ = descriptor;
  return 0;
}

int Entrance::Accept(sockaddr* address, socklen_t* size) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), HasCookie);
  if (found == waiting_.end()) {
    errno = EAGAIN;
    return -1;
  }
  const int descriptor = *found;
  waiting_.erase(found);
  SetReadableFrom(descriptor, 1);
  // The listener's filter has been inherited, and has done its work.
  const int unused = 0;
  setsockopt(descriptor, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
  SetTimeouts(descriptor, kStrangerTimeout);
  if (accepted_++ == 0) {
    control_ = descriptor;
    cookie_ = CookieOf(descriptor);
  } else if (CookieOf(descriptor) == cookie_ && on_stream_) {
    on_stream_(++streams_);
  }
  if (address != nullptr && size != nullptr) getpeername(descriptor, address, size);
  return descriptor;
}

int Entrance::Select(int count, fd_set* read, fd_set* write, fd_set* except, timeval* timeout) {
  if (libiperfs_ < 0 || read == nullptr || !FD_ISSET(libiperfs_, read)) {
    return SystemSelect(count, read, write, except, timeout);
  }
  NoteAuthenticated();
  for (const int descriptor : waiting_) {
    FD_SET(descriptor, read);
    count = std::max(count, descriptor + 1);
  }
  int found = SystemSelect(count, read, write, except, timeout);
  if (found <= 0) return found;
  const auto was_readable = [&found, read](int descriptor) {
    if (!FD_ISSET(descriptor, read)) return false;
    FD_CLR(descriptor, read);
    --found;
    return true;
  };
  bool ready = false;
  std::erase_if(waiting_, [&](int descriptor) {
    if (!was_readable(descriptor)) return false;
    // With the low-water mark, what is readable without a whole cookie gets no more.
    const bool whole = HasCookie(descriptor);
    ready = ready || whole;
    if (!whole) close(descriptor);
    return !whole;
  });
  if (was_readable(libiperfs_)) ready = TakeIn() || ready;
  if (ready) {
    FD_SET(libiperfs_, read);
    ++found;
  }
  if (found > 0) return found;
  errno = EINTR;  // nothing that concerns libiperf, which then calls again
  return -1;
}

// libiperf waits again after it accepted a control connection only when its client has proved
// itself; otherwise it ends the test.
void Entrance::NoteAuthenticated() {
  if (accepted_ == 0 || authenticated_) return;
  authenticated_ = true;
  SetTimeouts(control_, kClientTimeout);
  if (on_authenticated_) on_authenticated_();
}

bool Entrance::TakeIn() {
  bool ready = false;
  while (true) {
    SocketAddress peer;
    peer.size = sizeof(peer.storage);
    const int descriptor =
        accept4(listener_, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size, SOCK_CLOEXEC);
    if (descriptor < 0) return ready;
    if (only_from_ && !HasAddress(peer, *only_from_)) {
      close(descriptor);
      continue;
    }
    SetReadableFrom(descriptor, kCookieBytes);
    ready = HasCookie(descriptor) || ready;
    waiting_.push_back(descriptor);
    if (waiting_.size() <= kMostWaiting) continue;
    close(waiting_.front());
    waiting_.pop_front();
  }
}

}  // namespace kaisar::challenges
