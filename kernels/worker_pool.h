#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace kaisar::kernels {

/// Threads that share numbered pieces of work; the caller's is worker 0.
///
/// Threads:  one caller at a time.
/// Liveness: the others sleep between runs and end with the pool, at most one piece later.
class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Work on one piece; `stop` is to be asked every few milliseconds, and heeded.
  using Piece =
      std::function<void(std::size_t piece, std::size_t worker, const std::function<bool()>& stop)>;

  /// Does pieces 0 … pieces-1, in no order. `cancelled` is asked on the caller's thread only.
  ///
  /// Result: false when `cancelled` said so and pieces were left out.
  bool Run(std::size_t pieces, const Piece& piece, const std::function<bool()>& cancelled);

  std::size_t threads() const { return others_.size() + 1; }

 private:
  void ServeRuns(std::size_t worker);
  void DoPieces(std::size_t worker, const std::function<bool()>& stop);

  // Of the run in progress; written while no other thread works.
  const Piece* piece_ = nullptr;
  std::size_t pieces_ = 0;
  std::atomic<std::size_t> next_piece_{0};
  std::atomic<bool> stopped_{false};

  Mutex mutex_;
  CondVar changed_;
  std::size_t run_ ABSL_GUARDED_BY(mutex_) = 0;      // counts the runs
  std::size_t working_ ABSL_GUARDED_BY(mutex_) = 0;  // others that have not finished this run
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> others_;
};

}  // namespace kaisar::kernels
