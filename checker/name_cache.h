#pragma once

#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"

namespace kaisar::checker {

/// An address to connect to; the port is 0.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

/// Addresses of host names, without ever waiting for DNS. What was once known stays good when DNS
/// is down: whether names can be resolved is not whether anything can be reached.
///
/// Threads:  all methods from any thread.
/// Liveness: one thread asks the system's resolver, one name after the other. The destructor does
/// not
///           wait for it: it ends when the resolver returns, which nothing else depends on.
class NameCache {
 public:
  /// `changed` is called, on the resolver's thread, after each answer.
  NameCache(const Clock& clock, std::function<void()> changed);
  ~NameCache();

  struct Answer {
    bool pending = false;                  // not known yet: `changed` will be called
    std::vector<SocketAddress> addresses;  // the first of each family; empty: no such name
  };
  /// Numeric addresses are answered at once.
  Answer Find(const std::string& host);

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace kaisar::checker
