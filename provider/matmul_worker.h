#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/eip712.h"
#include "base/mutex.h"
#include "challenges/matmul/samples.h"
#include "kaisar/v1/provider.pb.h"
#include "provider/admission.h"
#include "provider/device.h"
#include "provider/hooks.h"

namespace kaisar::challenges {
class MatmulProof;
}

namespace kaisar::provider {

/// One matmul challenge on its way through a worker.
///
/// Threads: all methods from any thread; none blocks.
class MatmulJob {
 public:
  /// Called on the worker's thread with no lock held: once with the commitment and once with the
  /// opening; or, at any point and last, with why it came to nothing: Cancelled,
  /// ResourceExhausted, or Aborted when the device failed.
  using Reply = std::function<void(absl::StatusOr<v1::MatmulResponse>)>;

  /// Asks for the opening; once, and within the shape.
  void SendSamples(std::vector<challenges::MatmulSample> samples);
  /// Drops the job and its memory soon, also while it waits for samples.
  void Cancel();

 private:
  friend class MatmulWorker;
  MatmulJob(Taken taken, const v1::SignedChallenge& challenge, Reply reply);
  /// Result: nothing when the job was cancelled.
  std::optional<std::vector<challenges::MatmulSample>> AwaitSamples();
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  Taken taken_;
  const Digest seed_;
  const challenges::MatmulShape shape_;
  const Reply reply_;
  std::atomic<bool> cancelled_ = false;
  Mutex mutex_;
  CondVar changed_;
  std::optional<std::vector<challenges::MatmulSample>> samples_ ABSL_GUARDED_BY(mutex_);
};

/// Runs the proofs of one device, one at a time, on a thread of its own ("matmul-ID").
///
/// Liveness: the thread ends in the destructor, after at most the 50 ms within which an engine asks
///           whether it is cancelled. Between commitment and samples a job waits for its session,
///           which cancels it at its deadline.
class MatmulWorker {
 public:
  /// The clock must outlive it.
  MatmulWorker(Device device, const SigningDomain& domain, const Clock& clock = RealClock(),
               ProviderHooks hooks = {});
  ~MatmulWorker();
  MatmulWorker(const MatmulWorker&) = delete;
  MatmulWorker& operator=(const MatmulWorker&) = delete;

  /// Starts a job; `taken` must hold the device's lease, so there is never a second one.
  ///
  /// Threads: from any thread; does not block.
  std::shared_ptr<MatmulJob> Start(Taken taken, const v1::SignedChallenge& challenge,
                                   MatmulJob::Reply reply);

  const Device& device() const { return device_; }

  /// Why the device cannot work, as its last proof found; empty when it can.
  ///
  /// Threads: from any thread; does not block.
  std::string trouble() const;

 private:
  void Run();
  void Work(MatmulJob& job);
  /// Keeps, and logs, whether the device is lost or has come back.
  void Note(const absl::Status& status);
  v1::MatmulResponse Commit(const MatmulJob& job, const challenges::MatmulProof& proof) const;
  absl::StatusOr<v1::MatmulResponse> Open(
      const MatmulJob& job, const challenges::MatmulProof& proof,
      const std::vector<challenges::MatmulSample>& samples) const;

  const Device device_;
  const SigningDomain domain_;
  const Clock& clock_;
  const ProviderHooks hooks_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::string trouble_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<MatmulJob> next_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<MatmulJob> current_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kaisar::provider
