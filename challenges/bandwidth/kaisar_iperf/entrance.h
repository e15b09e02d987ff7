#pragma once

#include <sys/select.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "challenges/bandwidth/kaisar_iperf/address.h"
#include "challenges/bandwidth/kaisar_iperf/listen.h"

namespace kaisar::challenges {

/// The one listening socket of a server process, which outlives libiperf's tests: strangers end
/// tests, but neither the listener nor who waits at it.
///
/// A connection is kept from libiperf, which would block on it, until it has sent a whole cookie.
///
/// Threads: the process has one.
class Entrance {
 public:
  /// What a connection begins with, and by which libiperf tells those of one test.
  using Cookie = std::array<char, 37>;

  /// Listens on the first of the ports that is free; 0 is any free one. Connections from elsewhere
  /// than `only_from`, unless that is empty, get no answer at all, or are closed at once where the
  /// kernel filters for nobody but administrators.
  ///
  /// Errors: InvalidArgument for `only_from`; ResourceExhausted with the range when no port is
  ///         free; Internal.
  static absl::StatusOr<std::unique_ptr<Entrance>> Open(const std::vector<std::uint32_t>& ports,
                                                        const std::string& only_from);
  ~Entrance();
  Entrance(const Entrance&) = delete;
  Entrance& operator=(const Entrance&) = delete;

  std::uint32_t port() const { return port_; }

  /// Before each of libiperf's tests; `authenticated` comes when its client has proved itself,
  /// `stream` at each connection which that opens then, with the count of these.
  void StartTest(std::function<void()> authenticated, std::function<void(std::uint32_t)> stream);
  /// Of the test under way: connections handed to libiperf, and whether its client is the right
  /// one.
  std::uint32_t accepted() const { return accepted_; }
  bool authenticated() const { return authenticated_; }

  /// What libiperf's calls of bind, accept and select come to; as the system's.
  int Bind(int descriptor, const sockaddr* address, socklen_t size);
  int Accept(sockaddr* address, socklen_t* size);
  int Select(int count, fd_set* read, fd_set* write, fd_set* except, timeval* timeout);

 private:
  Entrance(const ListeningSocket& socket, std::optional<SocketAddress> only_from)
      : listener_(socket.descriptor), port_(socket.port), only_from_(std::move(only_from)) {}
  void NoteAuthenticated();
  /// Accepts all that wait; whether one of them has sent a whole cookie.
  bool TakeIn();

  const int listener_;
  const std::uint32_t port_;
  const std::optional<SocketAddress> only_from_;
  int libiperfs_ = -1;       // libiperf's descriptor of the listener
  int control_ = -1;         // the test's control connection
  std::deque<int> waiting_;  // connections that libiperf does not know yet
  std::uint32_t accepted_ = 0;
  bool authenticated_ = false;
  Cookie cookie_{};  // of the control connection, and so of the streams
  std::uint32_t streams_ = 0;
  std::function<void()> on_authenticated_;
  std::function<void(std::uint32_t)> on_stream_;
};

}  // namespace kaisar::challenges
