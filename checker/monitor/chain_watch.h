#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "checker/chain_access.h"
#include "checker/config.h"
#include "checker/monitor/endpoint_watch.h"
#include "checker/slot_keys.h"
#include "checker/slot_status.h"

namespace kaisar::checker {

/// Reads now and then how the slot stands, beside what works on it, and whether each endpoint
/// answers: 360 times an epoch, but at most every second and at least every minute.
///
/// Liveness: the thread "chain watch" ends in the destructor; a request under way is given up.
class ChainWatch {
 public:
  using MeasurePost = std::function<chain::HttpPost(chain::HttpPost)>;
  struct Hooks {
    std::function<void(const absl::StatusOr<SlotStatus>&, std::uint64_t every_ms)> read;
    /// What EndpointWatch::Look gives.
    std::function<void(const std::map<std::string, bool>&)> asked;
  };

  /// `config` has a chain. `measure` may wrap what posts. Config, keys and clock must outlive the
  /// watch. The hooks run on the thread.
  ///
  /// Errors: those of OpenChain.
  static absl::StatusOr<std::unique_ptr<ChainWatch>> Start(const Config& config,
                                                           const SlotKeys& keys, const Clock& clock,
                                                           const MeasurePost& measure, Hooks hooks);
  ~ChainWatch();

 private:
  ChainWatch(const Config& config, const SlotKeys& keys, const Clock& clock, Hooks hooks);
  void Work();
  void Keep(const SlotStatus& status) const;

  const Config& config_;
  const SlotKeys& keys_;
  const Clock& clock_;
  const Hooks hooks_;
  // The thread's alone, once it is started.
  std::unique_ptr<ChainAccess> access_;
  std::optional<EndpointWatch> endpoints_;
  std::uint64_t every_ms_ = 0;
  Mutex mutex_;
  CondVar changed_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace kaisar::checker
