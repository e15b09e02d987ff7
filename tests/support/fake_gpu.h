#pragma once

#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "kernels/gpu.h"

namespace kaisar::testing {

/// What shall happen to a simulated GPU.
struct GpuFaults {
  enum class Kind {
    kNone,
    kOffTheBus,  // every later call fails
    kEccError,   // every later call fails
    kHang,       // the rounds never finish, until they are stopped
  };
  Kind kind = Kind::kNone;
  std::uint32_t after_rounds = 0;  // the fault strikes when so many are finished
  bool in_open = false;            // … or at an opening instead
  bool memory_is_taken = false;    // between reading what is free and taking it
};

/// What was done with a simulated GPU.
struct GpuUse {
  int works = 0;  // reserved, all in all
  int works_alive = 0;
  int stops = 0;
  std::uint32_t most_ahead = 0;   // rounds that were enqueued and not finished
  std::uint64_t memory_read = 0;  // times
};

/// The hand that a test keeps on a simulated GPU.
///
/// Threads: all methods from any thread.
class FakeGpuControl {
 public:
  explicit FakeGpuControl(std::uint64_t memory_bytes) : memory_bytes_(memory_bytes) {}

  /// Orders a fault. The one before is forgotten, as it is where another process takes over.
  void Order(const GpuFaults& faults);
  GpuUse Use() const;

 private:
  friend class FakeGpu;
  friend class FakeGpuWork;

  const std::uint64_t memory_bytes_;
  mutable Mutex mutex_;
  GpuFaults faults_ ABSL_GUARDED_BY(mutex_);
  bool struck_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t taken_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  GpuUse use_ ABSL_GUARDED_BY(mutex_);
};

/// A simulated GPU: computes with the host's kernels, one round at each look at what is finished.
/// Aborts when it is used against what kernels/gpu.h asks.
std::unique_ptr<kernels::Gpu> MakeFakeGpu(std::shared_ptr<FakeGpuControl> control);

}  // namespace kaisar::testing
