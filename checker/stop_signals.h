#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace kaisar::checker {

/// Turns SIGTERM and SIGINT into a call; a second one ends the process at once, which is safe (the
/// log is durable), only less tidy. SIGHUP, by custom, asks to read the config again.
///
/// Liveness: the thread "signals" ends in the destructor.
class StopSignals {
 public:
  /// Blocks these signals in this thread and all that it starts from now on. First thing in main.
  static void Block();

  /// Both run on the thread "signals". Without `on_reload`, SIGHUP stops as well.
  explicit StopSignals(std::function<void()> on_stop, std::function<void()> on_reload = nullptr);
  ~StopSignals();

 private:
  void Work();

  const std::function<void()> on_stop_;
  const std::function<void()> on_reload_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace kaisar::checker
