#include "checker/chain_thread.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kShortestWaitMs = 20;
constexpr std::uint64_t kLongestWaitMs = 1000;  // so that a step of the wall clock is noticed

}  // namespace

ChainThread::ChainThread(std::unique_ptr<reporter::Submitter> submitter, const Clock& clock,
                         std::function<void(const std::string&)> notice,
                         std::function<void()> alive)
    : submitter_(std::move(submitter)),
      clock_(clock),
      notice_(std::move(notice)),
      alive_(std::move(alive)),
      thread_([this] { Work(); }) {
  pthread_setname_np(thread_.native_handle(), "chain");
}

ChainThread::~ChainThread() {
  Stop();
  thread_.join();
}

void ChainThread::Add(const audit::SignedReport& report) {
  MutexLock lock(mutex_);
  added_.push_back(report);
  idle_ = false;
  changed_.SignalAll();
}

void ChainThread::Stop() {
  MutexLock lock(mutex_);
  ending_ = true;
  changed_.SignalAll();
}

void ChainThread::WaitIdle() {
  MutexLock lock(mutex_);
  while (!idle_ && !ending_) changed_.Wait(mutex_);
}

void ChainThread::Work() {
  while (true) {
    alive_();
    std::deque<audit::SignedReport> added;
    {
      MutexLock lock(mutex_);
      if (ending_) return;
      added.swap(added_);
    }
    for (const audit::SignedReport& report : added) {
      const absl::Status status = submitter_->Add(report);
      if (status.ok()) continue;
      notice_(absl::StrCat("the report of epoch ", report.report.epoch,
                           " does not go to the chain: ", status.message()));
    }
    const std::uint64_t wake_ms = submitter_->Poll();
    const bool idle = submitter_->idle();
    const std::uint64_t now_ms = clock_.WallMs();
    const std::uint64_t wait_ms =
        std::clamp(wake_ms > now_ms ? wake_ms - now_ms : 0, kShortestWaitMs, kLongestWaitMs);
    MutexLock lock(mutex_);
    if (ending_ || !added_.empty()) continue;
    idle_ = idle;
    changed_.SignalAll();
    changed_.WaitFor(mutex_, std::chrono::milliseconds(wait_ms));
  }
}

}  // namespace kaisar::checker
