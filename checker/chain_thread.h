#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "audit/report.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "reporter/submitter.h"

namespace kaisar::checker {

/// Drives a submitter beside the epochs.
///
/// Threads:  all methods from any thread.
/// Liveness: the thread "chain" ends in the destructor, after the request that is under way;
///           depends on that being cancelled or timing out.
class ChainThread {
 public:
  /// `notice` is told of reports that the submitter refuses; `alive` is called at least once a
  /// second, but while a request is under way. The clock must outlive the thread.
  ChainThread(
      std::unique_ptr<reporter::Submitter> submitter, const Clock& clock,
      std::function<void(const std::string&)> notice, std::function<void()> alive = [] {});
  ~ChainThread();

  /// Hands over a report.
  void Add(const audit::SignedReport& report);
  /// Nothing more is begun; WaitIdle ends.
  void Stop();
  /// Waits until everything that was added is settled, missed or held, or until Stop.
  void WaitIdle();

 private:
  void Work();

  const std::unique_ptr<reporter::Submitter> submitter_;  // the thread's alone
  const Clock& clock_;
  const std::function<void(const std::string&)> notice_;
  const std::function<void()> alive_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<audit::SignedReport> added_ ABSL_GUARDED_BY(mutex_);
  bool idle_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kaisar::checker
