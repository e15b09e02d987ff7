#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace kaisar::audit {

/// Threads that share pieces of work which do not depend on each other. The caller's thread is one
/// of them: it works while it waits, so that a crew of one needs no other thread.
///
/// Threads:  one caller at a time.
/// Liveness: the others sleep while there is nothing to do, and end with the crew, at most one
/// piece
///           later.
class Crew {
 public:
  /// One piece; must outlive its work, and is not moved meanwhile.
  class Piece {
   public:
    Piece() = default;
    Piece(const Piece&) = delete;
    Piece& operator=(const Piece&) = delete;

   private:
    friend class Crew;
    std::function<void()> work_;
    bool done_ = false;  // guarded by the crew's mutex
  };

  /// `threads` ≥ 1, the caller's included.
  explicit Crew(int threads);
  /// Waits for pieces that are being worked on; those that nobody began are left out.
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// Lets whoever is free do it; pieces are begun in the order of their start.
  void Start(Piece& piece, std::function<void()> work);
  /// Returns when a started piece is done, working on others meanwhile.
  void Finish(const Piece& piece);

  int threads() const { return static_cast<int>(others_.size()) + 1; }

 private:
  void Serve();
  /// Takes the first piece and does it; the mutex is free while it does.
  void DoOne() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  CondVar started_;  // a piece, or the end
  CondVar done_;     // one piece
  std::deque<Piece*> waiting_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> others_;
};

}  // namespace kaisar::audit
