#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "checker/name_cache.h"
#include "checker/reachability.h"

namespace kaisar::checker {

/// Connects over TCP and closes again at once, without a word.
///
/// An endpoint that this process could not even try (no descriptor left) is not counted as tried.
/// Threads:  as ReachabilityProber.
/// Liveness: one thread, which polls all connects; the destructor ends it and answers what is open
///           with what is known by then.
class TcpReachability : public ReachabilityProber {
 public:
  /// Errors: Internal when the system gives no event descriptor.
  static absl::StatusOr<std::unique_ptr<TcpReachability>> Make(const Clock& clock);
  ~TcpReachability() override;

  void Probe(std::vector<std::string> endpoints, unsigned deadline_ms,
             absl::AnyInvocable<void(ReachabilityResult)> done) override;

 private:
  struct Target {
    std::string host;
    std::uint16_t port = 0;
    bool waiting = true;  // for its addresses
    bool tried = false;
    bool reached = false;
    std::vector<int> sockets;  // connects under way, one an address
  };
  struct Batch {
    std::uint64_t deadline_ns = 0;
    std::vector<Target> targets;
    absl::AnyInvocable<void(ReachabilityResult)> done;
  };

  struct Descriptor {
    explicit Descriptor(int the_number) : number(the_number) {}
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    const int number;
  };

  TcpReachability(const Clock& clock, int wake_descriptor);
  void Run();
  void Signal();
  bool TakeNew() ABSL_LOCKS_EXCLUDED(mutex_);
  void Connect(Target& target);
  void Await();
  bool Settled(const Batch& batch) const;
  static void CloseAll(Target& target);
  static void Finish(Batch& batch);

  const Clock& clock_;
  const Descriptor wake_;
  NameCache names_;
  std::list<Batch> batches_;  // of the thread alone

  Mutex mutex_;
  std::deque<Batch> incoming_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses all above
};

}  // namespace kaisar::checker
