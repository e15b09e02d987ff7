#include "tests/support/throttled_relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"

namespace kaisar::testing {
namespace {

constexpr int kTickMs = 50;

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool SendAll(int to, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = send(to, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

class Relay : public ThrottledRelay {
 public:
  Relay(int listener, std::uint16_t port, std::uint16_t server_port, std::uint64_t rate,
        std::uint64_t burst)
      : listener_(listener),
        server_port_(server_port),
        rate_(rate),
        burst_(burst),
        endpoint_(absl::StrCat("127.0.0.1:", port)),
        acceptor_([this] { Accept(); }) {}

  ~Relay() override {
    stopping_ = true;
    acceptor_.join();
    for (std::thread& thread : connections_) thread.join();
    close(listener_);
  }

  const std::string& endpoint() const override { return endpoint_; }

 private:
  void Accept() {
    while (!stopping_) {
      pollfd waiting{.fd = listener_, .events = POLLIN, .revents = 0};
      if (poll(&waiting, 1, kTickMs) <= 0) continue;
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client >= 0) connections_.emplace_back([this, client] { Carry(client); });
    }
  }

  void Carry(int client) {
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(server_port_);
    if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      const auto start = std::chrono::steady_clock::now();
      std::uint64_t carried = 0;
      bool open = true;
      while (open && !stopping_) {
        const auto spent_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                                  std::chrono::steady_clock::now() - start)
                                  .count();
        const std::uint64_t allowed = burst_ + rate_ * static_cast<std::uint64_t>(spent_ms) / 1000;
        pollfd waiting[2] = {
            {.fd = client, .events = POLLIN, .revents = 0},
            {.fd = allowed > carried ? server : -1, .events = POLLIN, .revents = 0}};
        poll(waiting, 2, kTickMs);
        if (waiting[0].revents != 0) open = Move(client, server, 16384) >= 0;
        if (open && waiting[1].revents != 0) {
          const std::int64_t moved = Move(server, client, allowed - carried);
          open = moved >= 0;
          carried += static_cast<std::uint64_t>(std::max<std::int64_t>(moved, 0));
        }
      }
    }
    close(server);
    close(client);
  }

  /// Result: bytes moved; -1 at the end of the connection.
  static std::int64_t Move(int from, int to, std::uint64_t most) {
    char buffer[16384];
    const ssize_t got = recv(from, buffer, std::min<std::uint64_t>(most, sizeof buffer), 0);
    if (got <= 0 || !SendAll(to, buffer, static_cast<std::size_t>(got))) return -1;
    return got;
  }

  const int listener_;
  const std::uint16_t server_port_;
  const std::uint64_t rate_;
  const std::uint64_t burst_;
  const std::string endpoint_;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> connections_;  // of the acceptor, then of the destructor
  std::thread acceptor_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ThrottledRelay>> ThrottledRelay::Start(
    const std::string& server, std::uint64_t bytes_per_second, std::uint64_t burst_bytes) {
  std::uint32_t server_port = 0;
  if (!absl::SimpleAtoi(absl::string_view(server).substr(server.rfind(':') + 1), &server_port)) {
    return absl::InvalidArgumentError(absl::StrCat("server is ", server, ", expected HOST:PORT"));
  }
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, 64) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return absl::InternalError("cannot listen on loopback");
  }
  return std::make_unique<Relay>(listener, ntohs(address.sin_port),
                                 static_cast<std::uint16_t>(server_port), bytes_per_second,
                                 burst_bytes);
}

}  // namespace kaisar::testing
