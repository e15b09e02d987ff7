#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "kernels/gpu.h"

namespace kaisar::kernels {
namespace {

// Rounds are enqueued this far ahead of those that are finished: 2^44 operations (2 · n³ a round)
// are 9 ms at 2 Pop/s and 140 ms at 130 Top/s, while the GPU is looked at five times a
// millisecond. At least four, because a tree may be finished a round late; at most 64, so that
// the driver's queue (1024 launches) never makes the thread wait.
constexpr std::uint64_t kOperationsAhead = std::uint64_t{1} << 44;
constexpr std::uint64_t kFewestRoundsAhead = 4;
constexpr std::uint64_t kMostRoundsAhead = 64;
constexpr std::chrono::microseconds kPause(200);

std::uint32_t RoundsAhead(std::uint32_t n) {
  const std::uint64_t operations = std::uint64_t{2} * n * n * n;
  return static_cast<std::uint32_t>(
      std::clamp(kOperationsAhead / operations, kFewestRoundsAhead, kMostRoundsAhead));
}

// The one proof that an engine keeps, shared with its states.
struct KeptProof {
  std::uint64_t number = 0;       // of the latest proof
  std::unique_ptr<GpuWork> work;  // of the latest proof; null when it was dropped
};

class GpuStates : public ProofStates {
 public:
  GpuStates(std::shared_ptr<KeptProof> kept, std::string gpu, std::vector<Digest> roots)
      : kept_(std::move(kept)),
        number_(kept_->number),
        gpu_(std::move(gpu)),
        roots_(std::move(roots)) {}
  ~GpuStates() override {
    if (kept_->number == number_) kept_->work.reset();
  }

  const std::vector<Digest>& roots() const override { return roots_; }

  absl::StatusOr<std::vector<OpenedNode>> Open(absl::Span<const StateNode> nodes) const override {
    if (kept_->number != number_ || kept_->work == nullptr) {
      return absl::UnavailableError(absl::StrCat(gpu_, ": the states were taken back"));
    }
    absl::StatusOr<std::vector<OpenedNode>> opened = kept_->work->Open(nodes);
    if (opened.ok()) return opened;
    return absl::UnavailableError(absl::StrCat(gpu_, ": ", opened.status().message()));
  }

 private:
  const std::shared_ptr<KeptProof> kept_;
  const std::uint64_t number_;
  const std::string gpu_;
  const std::vector<Digest> roots_;
};

class GpuEngine : public MatmulEngine {
 public:
  GpuEngine(std::unique_ptr<Gpu> gpu, std::function<void()> pause)
      : gpu_(std::move(gpu)), pause_(std::move(pause)) {}
  ~GpuEngine() override { DropProof(); }

  absl::StatusOr<std::unique_ptr<ProofStates>> Prove(
      const Digest& seed, std::uint32_t n, std::uint32_t rounds,
      const std::function<bool()>& cancelled) override {
    KAISAR_CHECK(n >= 256 && n <= 32768 && (n & (n - 1)) == 0 && rounds >= 1);
    DropProof();
    absl::StatusOr<std::vector<Digest>> roots = Work(seed, n, rounds, cancelled);
    if (!roots.ok()) return AfterFailure(roots.status());
    return std::make_unique<GpuStates>(kept_, Description(), *std::move(roots));
  }

  std::string Description() const override { return gpu_->Description(); }

 private:
  // Leaves the states of the proof before, if somebody still holds them, without memory.
  void DropProof() {
    kept_->work.reset();
    ++kept_->number;
  }

  absl::Status AfterFailure(const absl::Status& failure);
  absl::Status Reserve(std::uint32_t n, std::uint32_t rounds);
  absl::StatusOr<std::vector<Digest>> Work(const Digest& seed, std::uint32_t n,
                                           std::uint32_t rounds,
                                           const std::function<bool()>& cancelled);

  const std::unique_ptr<Gpu> gpu_;
  const std::function<void()> pause_;
  const std::shared_ptr<KeptProof> kept_ = std::make_shared<KeptProof>();
};

// Two ends are none of the GPU's failures.
absl::Status GpuEngine::AfterFailure(const absl::Status& failure) {
  DropProof();
  if (absl::IsCancelled(failure) || absl::IsResourceExhausted(failure)) return failure;
  return absl::UnavailableError(absl::StrCat(gpu_->Description(), ": ", failure.message()));
}

absl::Status GpuEngine::Reserve(std::uint32_t n, std::uint32_t rounds) {
  const std::uint64_t bytes = gpu_->ProofBytes(n, rounds);
  const auto too_little = [&](const GpuMemory& memory, absl::string_view why) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "a proof of n = ", n, ", ", rounds, " rounds takes ", bytes, " bytes, ",
        gpu_->Description(), " has ", memory.free_bytes, " free of ", memory.total_bytes, why));
  };
  ASSIGN_OR_RETURN(const GpuMemory before, gpu_->ReadMemory());
  if (bytes > before.free_bytes) return too_little(before, "");
  absl::StatusOr<std::unique_ptr<GpuWork>> work = gpu_->Reserve(n, rounds);
  if (absl::IsResourceExhausted(work.status())) {
    // Somebody else was quicker, or it is in pieces.
    ASSIGN_OR_RETURN(const GpuMemory now, gpu_->ReadMemory());
    return too_little(now, absl::StrCat(": ", work.status().message()));
  }
  RETURN_IF_ERROR(work.status());
  kept_->work = *std::move(work);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Digest>> GpuEngine::Work(const Digest& seed, std::uint32_t n,
                                                    std::uint32_t rounds,
                                                    const std::function<bool()>& cancelled) {
  RETURN_IF_ERROR(Reserve(n, rounds));
  GpuWork& work = *kept_->work;
  RETURN_IF_ERROR(work.EnqueueInputs(seed));
  std::uint32_t enqueued = 0;
  while (true) {
    if (cancelled()) {
      work.Stop();
      return absl::CancelledError("matmul was cancelled");
    }
    ASSIGN_OR_RETURN(const std::uint32_t finished, work.FinishedRounds());
    KAISAR_CHECK(finished <= enqueued);
    if (finished == rounds) return work.ReadRoots();
    while (enqueued < std::min(rounds, finished + RoundsAhead(n))) {
      RETURN_IF_ERROR(work.EnqueueRound());
      ++enqueued;
    }
    pause_();
  }
}

}  // namespace

void PauseBriefly() {
  std::this_thread::sleep_for(kPause);
}

std::unique_ptr<MatmulEngine> MakeGpuEngine(std::unique_ptr<Gpu> gpu, std::function<void()> pause) {
  return std::make_unique<GpuEngine>(std::move(gpu), std::move(pause));
}

}  // namespace kaisar::kernels
