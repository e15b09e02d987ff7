#include "kernels/gpu_process.h"

#include <utility>

#include "base/check.h"
#include "base/status_macros.h"
#include "kernels/gpu_link.h"

namespace kaisar::kernels {
namespace {

class ProcessStates : public ProofStates {
 public:
  ProcessStates(std::shared_ptr<GpuLink> link, const ProofShape& shape, std::vector<Digest> roots)
      : link_(std::move(link)), proof_(link_->proof()), shape_(shape), roots_(std::move(roots)) {}
  ~ProcessStates() override { link_->Drop(proof_); }

  const std::vector<Digest>& roots() const override { return roots_; }

  absl::StatusOr<std::vector<OpenedNode>> Open(absl::Span<const StateNode> nodes) const override {
    return link_->Open(proof_, shape_, nodes);
  }

 private:
  const std::shared_ptr<GpuLink> link_;
  const std::uint64_t proof_;
  const ProofShape shape_;
  const std::vector<Digest> roots_;
};

class ProcessEngine : public GpuProcessEngine {
 public:
  explicit ProcessEngine(std::shared_ptr<GpuLink> link)
      : link_(std::move(link)), ready_(link_->ready()) {}

  absl::StatusOr<std::unique_ptr<ProofStates>> Prove(
      const Digest& seed, std::uint32_t n, std::uint32_t rounds,
      const std::function<bool()>& cancelled) override {
    KAISAR_CHECK(rounds >= 1 && rounds <= kMostFrameRounds);
    const ProofShape shape{n, rounds};
    ASSIGN_OR_RETURN(std::vector<Digest> roots, link_->Prove({seed, shape}, cancelled));
    return std::make_unique<ProcessStates>(link_, shape, std::move(roots));
  }

  absl::StatusOr<std::uint64_t> ProofBytes(std::uint32_t n, std::uint32_t rounds) override {
    return link_->ProofBytes({n, rounds});
  }

  const GpuMemory& memory() const override { return ready_.memory; }
  std::string Description() const override { return ready_.description; }

 private:
  const std::shared_ptr<GpuLink> link_;
  const ReadyGpu ready_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GpuProcessEngine>> MakeGpuProcessEngine(GpuProcessOptions options) {
  auto link = std::make_shared<GpuLink>(std::move(options));
  RETURN_IF_ERROR(link->AwaitReady([] { return false; }));
  return std::make_unique<ProcessEngine>(std::move(link));
}

}  // namespace kaisar::kernels
