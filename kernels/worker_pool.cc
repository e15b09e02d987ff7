#include "kernels/worker_pool.h"

#include <chrono>

#include "base/check.h"

namespace kaisar::kernels {
namespace {

// How long a caller that waits for the others goes without asking `cancelled`.
constexpr std::chrono::milliseconds kAskEvery(10);

}  // namespace

WorkerPool::WorkerPool(int threads) {
  KAISAR_CHECK(threads >= 1);
  for (int i = 1; i < threads; ++i) {
    others_.emplace_back([this, i] { ServeRuns(static_cast<std::size_t>(i)); });
  }
}

WorkerPool::~WorkerPool() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  changed_.SignalAll();
  for (std::thread& other : others_) other.join();
}

bool WorkerPool::Run(std::size_t pieces, const Piece& piece,
                     const std::function<bool()>& cancelled) {
  piece_ = &piece;
  pieces_ = pieces;
  next_piece_ = 0;
  stopped_ = false;
  {
    MutexLock lock(mutex_);
    ++run_;
    working_ = others_.size();
  }
  changed_.SignalAll();
  const std::function<bool()> stop = [this, &cancelled] {
    if (cancelled()) stopped_ = true;
    return stopped_.load();
  };
  DoPieces(0, stop);
  for (;;) {
    {
      MutexLock lock(mutex_);
      if (working_ > 0) changed_.WaitFor(mutex_, kAskEvery);
      if (working_ == 0) break;
    }
    stop();
  }
  return !stopped_;
}

void WorkerPool::ServeRuns(std::size_t worker) {
  const std::function<bool()> stop = [this] { return stopped_.load(); };
  std::size_t served = 0;
  for (;;) {
    {
      MutexLock lock(mutex_);
      while (run_ == served && !ending_) changed_.Wait(mutex_);
      if (ending_) return;
      served = run_;
    }
    DoPieces(worker, stop);
    {
      MutexLock lock(mutex_);
      --working_;
    }
    changed_.SignalAll();
  }
}

void WorkerPool::DoPieces(std::size_t worker, const std::function<bool()>& stop) {
  while (!stop()) {
    const std::size_t piece = next_piece_.fetch_add(1);
    if (piece >= pieces_) return;
    (*piece_)(piece, worker, stop);
  }
}

}  // namespace kaisar::kernels
