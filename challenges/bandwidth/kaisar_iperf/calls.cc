#include "challenges/bandwidth/kaisar_iperf/calls.h"

#include <dlfcn.h>

#include <utility>

#include "challenges/bandwidth/kaisar_iperf/entrance.h"

namespace kaisar::challenges {
namespace {

Entrance* entrance = nullptr;
std::uint64_t pace_bytes_per_second = 0;
std::function<void()>& Connecting() {
  static std::function<void()> connecting;
  return connecting;
}

// The definition behind this executable's: libc's, or a sanitizer's.
template <typename Call>
Call* Next(const char* name) {
  return reinterpret_cast<Call*>(dlsym(RTLD_NEXT, name));
}

void Pace(int descriptor) {
  if (pace_bytes_per_second == 0) return;
  setsockopt(descriptor, SOL_SOCKET, SO_MAX_PACING_RATE, &pace_bytes_per_second,
             sizeof(pace_bytes_per_second));
}

}  // namespace

void RouteCallsTo(Entrance* to) {
  entrance = to;
}

void OnNextConnect(std::function<void()> connecting) {
  Connecting() = std::move(connecting);
}

void PaceConnections(std::uint64_t bits_per_second) {
  pace_bytes_per_second = (bits_per_second + 7) / 8;
}

int SystemBind(int descriptor, const sockaddr* address, socklen_t size) {
  static const auto next = Next<int(int, const sockaddr*, socklen_t)>("bind");
  return next(descriptor, address, size);
}

int SystemSelect(int count, fd_set* read, fd_set* write, fd_set* except, timeval* timeout) {
  static const auto next = Next<int(int, fd_set*, fd_set*, fd_set*, timeval*)>("select");
  return next(count, read, write, except, timeout);
}

}  // namespace kaisar::challenges

using kaisar::challenges::entrance;

extern "C" {

int bind(int descriptor, const sockaddr* address, socklen_t size) noexcept {
  if (entrance != nullptr) return entrance->Bind(descriptor, address, size);
  return kaisar::challenges::SystemBind(descriptor, address, size);
}

int listen(int descriptor, int backlog) noexcept {
  if (entrance != nullptr) return 0;  // it listens already
  static const auto next = kaisar::challenges::Next<int(int, int)>("listen");
  return next(descriptor, backlog);
}

int accept(int descriptor, sockaddr* address, socklen_t* size) {
  if (entrance != nullptr) {
    const int accepted = entrance->Accept(address, size);
    if (accepted >= 0) kaisar::challenges::Pace(accepted);
    return accepted;
  }
  static const auto next = kaisar::challenges::Next<int(int, sockaddr*, socklen_t*)>("accept");
  return next(descriptor, address, size);
}

int connect(int descriptor, const sockaddr* address, socklen_t size) {
  if (const auto connecting = std::exchange(kaisar::challenges::Connecting(), nullptr)) {
    connecting();
  }
  kaisar::challenges::Pace(descriptor);
  static const auto next =
      kaisar::challenges::Next<int(int, const sockaddr*, socklen_t)>("connect");
  return next(descriptor, address, size);
}

int select(int count, fd_set* read, fd_set* write, fd_set* except, timeval* timeout) {
  if (entrance != nullptr) return entrance->Select(count, read, write, except, timeout);
  return kaisar::challenges::SystemSelect(count, read, write, except, timeout);
}

}  // extern "C"
