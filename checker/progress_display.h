#pragma once

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "checker/progress.h"

namespace kaisar::checker {

/// The bytes that replace a panel of `before` lines by this one: plain ANSI, no more than cursor up
/// and clear to the end.
std::string RedrawPanel(std::size_t before, const std::vector<std::string>& lines);

/// Draws the panel on a terminal, four times a second.
///
/// Liveness: the thread "progress" ends in the destructor, after a last drawing; depends on the
///           terminal taking it (nothing else waits for this thread before).
class ProgressDisplay {
 public:
  /// `descriptor` is the terminal; the panel is narrowed to its size. Both references must outlive
  /// the display.
  ProgressDisplay(const Progress& progress, const Clock& clock, int descriptor);
  ~ProgressDisplay();

 private:
  void Draw();
  void Work();

  const Progress& progress_;
  const Clock& clock_;
  const int descriptor_;
  std::size_t drawn_lines_ = 0;
  Mutex mutex_;
  CondVar changed_;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kaisar::checker
