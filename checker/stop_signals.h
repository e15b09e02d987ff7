#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace kaisar::checker {

/// Turns SIGTERM and SIGINT into a call; a second one ends the process at once, which is safe (the
/// log is durable), only less tidy.
///
/// Liveness: the thread "signals" ends in the destructor.
class StopSignals {
 public:
  /// Blocks both signals in this thread and all that it starts from now on. First thing in main.
  static void Block();

  /// `on_stop` runs on the thread "signals".
  explicit StopSignals(std::function<void()> on_stop);
  ~StopSignals();

 private:
  void Work();

  std::function<void()> on_stop_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace kaisar::checker
