#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "checker/socket_bytes.h"

namespace kaisar::checker {

/// Bounds what a device can make the checker hold: looks every 50 ms (less often with thousands of
/// connections) at what the connections to devices have received, and ends the calls at an address
/// one of whose connections has received more than its calls can need.
///
/// Which connection is which device's cannot be seen, so a connection may receive what the calls of
/// one device at its address may together: of that one whose calls may most. Thus no honest address
/// is ever ended, and devices of one address (one operator) pay for each other.
///
/// Threads:  all methods from any thread. `exceeded` comes on the limit's own thread.
/// Liveness: the thread ends in the destructor, and waits for nobody's behaviour.
/// Limits:   without /proc or TCP_INFO there is no limit; a line on standard error says so, once.
class ReceiveLimit {
 public:
  /// `sole`: no other device has calls at this address.
  using Exceeded = std::function<void(bool sole, const std::string& detail)>;

  explicit ReceiveLimit(const Clock& clock);
  ~ReceiveLimit();

  /// A call of a device has heard from `peer` (see PeerAddress): from now on its connection may
  /// receive `most_bytes` more. Result: for Leave, which follows exactly once.
  std::uint64_t Enter(std::string peer, std::uint32_t device, std::uint64_t most_bytes,
                      Exceeded exceeded) ABSL_LOCKS_EXCLUDED(mutex_);
  void Leave(std::uint64_t call) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Call {
    std::string peer;
    std::uint32_t device;
    std::uint64_t most_bytes;
    Exceeded exceeded;
  };
  /// What is counted at one address, from some moment on.
  struct Account {
    std::uint64_t since_ns = 0;
    std::map<std::uint32_t, std::uint64_t> most_bytes;  // all calls since then, of each device
    std::map<std::string, std::uint64_t> first;         // received when first seen, by local end
    std::set<std::uint64_t> calls;                      // under way
  };
  using Ending = std::pair<Exceeded, std::pair<bool, std::string>>;

  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  void Renew(Account& account) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<Ending> Count(const std::vector<SocketBytes>& sockets, std::uint64_t read_ns)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  Mutex mutex_;
  CondVar changed_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t number_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, Call> calls_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Account> accounts_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace kaisar::checker
