#include "tests/support/fake_gpu.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "kernels/host_engine.h"
#include "kernels/merkle_tree.h"

namespace kaisar::testing {

using kernels::GpuMemory;
using kernels::GpuWork;
using kernels::OpenedNode;
using kernels::StateNode;

void FakeGpuControl::Order(const GpuFaults& faults) {
  MutexLock lock(mutex_);
  faults_ = faults;
  struck_ = false;
}

GpuUse FakeGpuControl::Use() const {
  MutexLock lock(mutex_);
  return use_;
}

namespace {

// As the driver names it.
absl::Status ErrorOf(GpuFaults::Kind kind, absl::string_view attempted) {
  const char* name = kind == GpuFaults::Kind::kEccError ? "cudaErrorECCUncorrectable"
                                                        : "cudaErrorDevicesUnavailable";
  return absl::UnavailableError(absl::StrCat(attempted, " failed: ", name));
}

bool Breaks(GpuFaults::Kind kind) {
  return kind == GpuFaults::Kind::kOffTheBus || kind == GpuFaults::Kind::kEccError;
}

}  // namespace

class FakeGpuWork : public GpuWork {
 public:
  FakeGpuWork(std::shared_ptr<FakeGpuControl> control, std::uint32_t n, std::uint32_t rounds,
              std::uint64_t bytes)
      : control_(std::move(control)), n_(n), rounds_(rounds), bytes_(bytes) {
    MutexLock lock(control_->mutex_);
    control_->taken_bytes_ += bytes_;
    ++control_->use_.works;
    ++control_->use_.works_alive;
  }
  ~FakeGpuWork() override {
    MutexLock lock(control_->mutex_);
    // A real one would wait for ever.
    KAISAR_CHECK(control_->faults_.kind != GpuFaults::Kind::kHang || stopped_ || all_finished());
    control_->taken_bytes_ -= bytes_;
    --control_->use_.works_alive;
  }

  absl::Status EnqueueInputs(const Digest& seed) override {
    KAISAR_CHECK(!begun_);
    begun_ = true;
    RETURN_IF_ERROR(Ask("generating the inputs"));
    return engine_->Begin(seed, n_);
  }

  absl::Status EnqueueRound() override {
    KAISAR_CHECK(begun_ && enqueued_ < rounds_);
    RETURN_IF_ERROR(Ask("enqueuing a round"));
    ++enqueued_;
    MutexLock lock(control_->mutex_);
    control_->use_.most_ahead =
        std::max(control_->use_.most_ahead, enqueued_ - static_cast<std::uint32_t>(states_.size()));
    return absl::OkStatus();
  }

  absl::StatusOr<std::uint32_t> FinishedRounds() override {
    RETURN_IF_ERROR(Ask("waiting for a round"));
    if (states_.size() < enqueued_ && !stopped_ && !Hangs()) RETURN_IF_ERROR(ComputeRound());
    return static_cast<std::uint32_t>(states_.size());
  }

  void Stop() override {
    stopped_ = true;
    MutexLock lock(control_->mutex_);
    ++control_->use_.stops;
  }

  absl::StatusOr<std::vector<Digest>> ReadRoots() override {
    KAISAR_CHECK(all_finished());
    RETURN_IF_ERROR(Ask("reading the roots"));
    std::vector<Digest> roots;
    for (const kernels::MerkleTree& tree : trees_) roots.push_back(tree.root());
    return roots;
  }

  absl::StatusOr<std::vector<OpenedNode>> Open(absl::Span<const StateNode> nodes) override {
    KAISAR_CHECK(all_finished());
    {
      MutexLock lock(control_->mutex_);
      if (control_->faults_.in_open) control_->struck_ = true;
    }
    RETURN_IF_ERROR(Ask("opening"));
    std::vector<OpenedNode> opened;
    for (const StateNode& node : nodes) {
      const std::size_t bytes = std::size_t{kernels::SegmentBytes(n_)} << node.level;
      const auto* elements = reinterpret_cast<const char*>(states_.at(node.state - 1).data());
      opened.push_back({std::string(elements + node.index * bytes, bytes),
                        trees_.at(node.state - 1).Path(node.level, node.index)});
    }
    return opened;
  }

 private:
  bool all_finished() const { return states_.size() == rounds_; }

  bool Hangs() const {
    MutexLock lock(control_->mutex_);
    return control_->faults_.kind == GpuFaults::Kind::kHang &&
           states_.size() >= control_->faults_.after_rounds;
  }

  // Any call to the GPU: this is where faults show.
  absl::Status Ask(absl::string_view attempted) const {
    MutexLock lock(control_->mutex_);
    const GpuFaults faults = control_->faults_;
    if (Breaks(faults.kind) && !faults.in_open && begun_ && states_.size() >= faults.after_rounds) {
      control_->struck_ = true;
    }
    return control_->struck_ ? ErrorOf(faults.kind, attempted) : absl::OkStatus();
  }

  absl::Status ComputeRound() {
    std::vector<std::int8_t> next(std::size_t{n_} * n_);
    absl::Span<const std::int8_t> from;
    if (!states_.empty()) from = states_.back();
    RETURN_IF_ERROR(engine_->Round(from, absl::MakeSpan(next), [] { return false; }));
    trees_.push_back(kernels::MerkleTree::Build(next, n_, 1));
    states_.push_back(std::move(next));
    return absl::OkStatus();
  }

  const std::shared_ptr<FakeGpuControl> control_;
  const std::uint32_t n_;
  const std::uint32_t rounds_;
  const std::uint64_t bytes_;
  const std::unique_ptr<kernels::HostEngine> engine_ = kernels::MakeCpuEngine(1);
  bool begun_ = false;
  bool stopped_ = false;
  std::uint32_t enqueued_ = 0;
  std::vector<std::vector<std::int8_t>> states_;
  std::vector<kernels::MerkleTree> trees_;
};

class FakeGpu : public kernels::Gpu {
 public:
  explicit FakeGpu(std::shared_ptr<FakeGpuControl> control) : control_(std::move(control)) {}

  absl::StatusOr<GpuMemory> ReadMemory() override {
    MutexLock lock(control_->mutex_);
    if (control_->struck_) return ErrorOf(control_->faults_.kind, "reading the memory's size");
    ++control_->use_.memory_read;
    return GpuMemory{control_->memory_bytes_ - control_->taken_bytes_, control_->memory_bytes_};
  }

  std::uint64_t ProofBytes(std::uint32_t n, std::uint32_t rounds) const override {
    return std::uint64_t{n} * n * (rounds + 2);
  }

  absl::StatusOr<std::unique_ptr<GpuWork>> Reserve(std::uint32_t n, std::uint32_t rounds) override {
    const std::uint64_t bytes = ProofBytes(n, rounds);
    {
      MutexLock lock(control_->mutex_);
      if (control_->struck_) return ErrorOf(control_->faults_.kind, "taking memory");
      if (control_->faults_.memory_is_taken ||
          bytes > control_->memory_bytes_ - control_->taken_bytes_) {
        return absl::ResourceExhaustedError("taking memory failed: cudaErrorMemoryAllocation");
      }
    }
    return std::make_unique<FakeGpuWork>(control_, n, rounds, bytes);
  }

  std::string Description() const override { return "Simulated GPU, host"; }

 private:
  const std::shared_ptr<FakeGpuControl> control_;
};

std::unique_ptr<kernels::Gpu> MakeFakeGpu(std::shared_ptr<FakeGpuControl> control) {
  return std::make_unique<FakeGpu>(std::move(control));
}

}  // namespace kaisar::testing
