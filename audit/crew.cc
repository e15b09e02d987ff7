#include "audit/crew.h"

#include "base/check.h"

namespace kaisar::audit {

Crew::Crew(int threads) {
  KAISAR_CHECK(threads >= 1);
  for (int i = 1; i < threads; ++i) others_.emplace_back([this] { Serve(); });
}

Crew::~Crew() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
    waiting_.clear();
  }
  started_.SignalAll();
  for (std::thread& other : others_) other.join();
}

void Crew::Start(Piece& piece, std::function<void()> work) {
  piece.work_ = std::move(work);
  {
    MutexLock lock(mutex_);
    piece.done_ = false;
    waiting_.push_back(&piece);
  }
  started_.SignalOne();
}

void Crew::Finish(const Piece& piece) {
  MutexLock lock(mutex_);
  while (!piece.done_) {
    if (waiting_.empty()) {
      done_.Wait(mutex_);
    } else {
      DoOne();
    }
  }
}

void Crew::Serve() {
  MutexLock lock(mutex_);
  while (!ending_) {
    if (waiting_.empty()) {
      started_.Wait(mutex_);
    } else {
      DoOne();
    }
  }
}

void Crew::DoOne() {
  Piece& piece = *waiting_.front();
  waiting_.pop_front();
  mutex_.unlock();
  piece.work_();
  mutex_.lock();
  piece.done_ = true;
  done_.SignalAll();
}

}  // namespace kaisar::audit
