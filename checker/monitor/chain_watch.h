#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "checker/chain_access.h"
#include "checker/config.h"
#include "checker/slot_keys.h"
#include "checker/slot_status.h"

namespace kaisar::checker {

/// Reads now and then how the slot stands, beside what works on it: 360 times an epoch, but at most
/// every second and at least every minute.
///
/// Liveness: the thread "chain watch" ends in the destructor; a request under way is given up.
class ChainWatch {
 public:
  using MeasurePost = std::function<chain::HttpPost(chain::HttpPost)>;
  using OnRead = std::function<void(const absl::StatusOr<SlotStatus>&, std::uint64_t every_ms)>;

  /// `config` has a chain. `measure` may wrap what posts. Config, keys and clock must outlive the
  /// watch. `on_read` runs on the thread.
  ///
  /// Errors: those of OpenChain.
  static absl::StatusOr<std::unique_ptr<ChainWatch>> Start(const Config& config,
                                                           const SlotKeys& keys, const Clock& clock,
                                                           const MeasurePost& measure,
                                                           OnRead on_read);
  ~ChainWatch();

 private:
  ChainWatch(const Config& config, const SlotKeys& keys, const Clock& clock, OnRead on_read);
  void Work();
  void Keep(const SlotStatus& status) const;

  const Config& config_;
  const SlotKeys& keys_;
  const Clock& clock_;
  const OnRead on_read_;
  std::unique_ptr<ChainAccess> access_;  // the thread's alone, once it is started
  std::uint64_t every_ms_ = 0;
  Mutex mutex_;
  CondVar changed_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace kaisar::checker
