#include "provider/matmul_worker.h"

#include <pthread.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/printable.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "challenges/matmul/prover.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"
#include "provider/event_log.h"

namespace kaisar::provider {
namespace {

challenges::MatmulShape ShapeOf(const v1::SignedChallenge& challenge) {
  const v1::MatmulParams params = challenges::MatmulParamsOf(challenge);
  return {params.n(), params.rounds()};
}

// What the peer is told when the device could not do its part. Not Unavailable, which gRPC says of
// connections: this one holds.
absl::Status ForPeer(const absl::Status& failure) {
  if (!absl::IsUnavailable(failure)) return failure;
  return absl::AbortedError(absl::StrCat("the device failed: ", failure.message()));
}

}  // namespace

MatmulJob::MatmulJob(Taken taken, const v1::SignedChallenge& challenge, Reply reply)
    : taken_(std::move(taken)),
      seed_(challenges::ToDigest(challenge.challenge().seed())),
      shape_(ShapeOf(challenge)),
      reply_(std::move(reply)) {}

void MatmulJob::SendSamples(std::vector<challenges::MatmulSample> samples) {
  MutexLock lock(mutex_);
  samples_ = std::move(samples);
  changed_.SignalAll();
}

void MatmulJob::Cancel() {
  MutexLock lock(mutex_);
  cancelled_.store(true, std::memory_order_relaxed);
  changed_.SignalAll();
}

std::optional<std::vector<challenges::MatmulSample>> MatmulJob::AwaitSamples() {
  MutexLock lock(mutex_);
  while (!cancelled() && !samples_.has_value()) changed_.Wait(mutex_);
  if (cancelled()) return std::nullopt;
  return std::move(samples_);
}

MatmulWorker::MatmulWorker(Device device, const SigningDomain& domain, const Clock& clock,
                           ProviderHooks hooks)
    : device_(std::move(device)),
      domain_(domain),
      clock_(clock),
      hooks_(std::move(hooks)),
      thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), absl::StrCat("matmul-", device_.id).c_str());
}

MatmulWorker::~MatmulWorker() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    if (next_ != nullptr) next_->Cancel();
    if (current_ != nullptr) current_->Cancel();
    changed_.SignalAll();
  }
  thread_.join();
}

std::shared_ptr<MatmulJob> MatmulWorker::Start(Taken taken, const v1::SignedChallenge& challenge,
                                               MatmulJob::Reply reply) {
  KAISAR_CHECK(taken.device == device_.id);
  std::shared_ptr<MatmulJob> job(new MatmulJob(std::move(taken), challenge, std::move(reply)));
  MutexLock lock(mutex_);
  // The job before has given its lease back, but its last reply may still be under way.
  KAISAR_CHECK(next_ == nullptr);
  if (stopping_) job->Cancel();
  next_ = job;
  changed_.SignalAll();
  return job;
}

std::string MatmulWorker::trouble() const {
  MutexLock lock(mutex_);
  return trouble_;
}

void MatmulWorker::Note(const absl::Status& status) {
  const bool lost = absl::IsUnavailable(status);
  if (!lost && !status.ok()) return;  // dropped, or too little memory: says nothing of the device
  std::string before = lost ? Printable(status.message(), kMostDetailBytes) : "";
  {
    MutexLock lock(mutex_);
    std::swap(before, trouble_);
  }
  if (before.empty() && lost) {
    LogEvent(EventLevel::kWarning, "gpu_lost",
             {{"device", device_.id}, {"reason", status.message()}});
  } else if (!before.empty() && !lost) {
    LogEvent(EventLevel::kInfo, "gpu_back", {{"device", device_.id}});
  }
}

void MatmulWorker::Run() {
  while (true) {
    std::shared_ptr<MatmulJob> job;
    {
      MutexLock lock(mutex_);
      while (next_ == nullptr && !stopping_) changed_.Wait(mutex_);
      if (next_ == nullptr) return;
      job = current_ = std::move(next_);
      next_ = nullptr;
    }
    Work(*job);
    MutexLock lock(mutex_);
    current_ = nullptr;
  }
}

void MatmulWorker::Work(MatmulJob& job) {
  absl::StatusOr<v1::MatmulResponse> answer = absl::CancelledError("the challenge was dropped");
  {
    const std::uint64_t began_ns = clock_.MonotonicNs();
    absl::StatusOr<std::unique_ptr<challenges::MatmulProof>> proof =
        challenges::MatmulProof::Compute(job.seed_, job.shape_, *device_.engine,
                                         [&job] { return job.cancelled(); });
    hooks_.proved(clock_.MonotonicNs() - began_ns, proof.status());
    Note(proof.status());
    if (proof.ok()) {
      job.reply_(Commit(job, **proof));
      if (const auto samples = job.AwaitSamples()) answer = Open(job, **proof, *samples);
      if (!answer.ok()) Note(answer.status());
    } else {
      answer = proof.status();
    }
  }
  if (!answer.ok()) answer = ForPeer(answer.status());
  // The states are gone, so the device can take the next challenge before its peer hears of this
  // one.
  job.taken_.lease = DeviceLease();
  job.reply_(std::move(answer));
}

v1::MatmulResponse MatmulWorker::Commit(const MatmulJob& job,
                                        const challenges::MatmulProof& proof) const {
  const Digest commitment = proof.commitment();
  v1::MatmulResponse response;
  v1::MatmulCommitment& message = *response.mutable_commitment();
  message.set_challenge_id(ToString(job.taken_.challenge_id));
  message.set_commitment(ToString(commitment));
  std::string& roots = *message.mutable_roots();
  roots.reserve(proof.roots().size() * sizeof(Digest));
  for (const Digest& root : proof.roots()) {
    roots.append(reinterpret_cast<const char*>(root.data()), root.size());
  }
  message.set_signature(ToString(device_.key.Sign(challenges::MatmulCommitmentDigest(
      domain_, job.taken_.challenge_id, job.taken_.challenge_digest, commitment))));
  return response;
}

absl::StatusOr<v1::MatmulResponse> MatmulWorker::Open(
    const MatmulJob& job, const challenges::MatmulProof& proof,
    const std::vector<challenges::MatmulSample>& samples) const {
  ASSIGN_OR_RETURN(const v1::MatmulOpeningBody body, proof.Open(samples));
  v1::MatmulResponse response;
  v1::MatmulOpening& message = *response.mutable_opening();
  message.set_body(body.SerializeAsString());
  message.set_signature(ToString(device_.key.Sign(challenges::MatmulOpeningDigest(
      domain_, job.taken_.challenge_id, proof.commitment(), Sha256(ViewOf(message.body()))))));
  return response;
}

}  // namespace kaisar::provider
