#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "kernels/cuda/cuda_memory.h"
#include "kernels/cuda/launch.h"
#include "kernels/gpu.h"
#include "kernels/proof_layout.h"

namespace kaisar::kernels {

/// A proof on a GPU that CUDA drives, on three streams: the rounds; with higher priority, the tree
/// over each state, which slips in beside the next round; and what stops both.
class CudaWork : public GpuWork {
 public:
  /// Of what Reserve takes; what the driver takes beside it is not counted.
  static std::uint64_t Bytes(const ProofLayout& layout, RoundPath path);
  /// `device` is CUDA's index.
  ///
  /// Errors: ResourceExhausted; Unavailable.
  static absl::StatusOr<std::unique_ptr<GpuWork>> Reserve(int device, RoundPath path,
                                                          const ProofLayout& layout);
  ~CudaWork() override;

  absl::Status EnqueueInputs(const Digest& seed) override;
  absl::Status EnqueueRound() override;
  absl::StatusOr<std::uint32_t> FinishedRounds() override;
  void Stop() override;
  absl::StatusOr<std::vector<Digest>> ReadRoots() override;
  absl::StatusOr<std::vector<OpenedNode>> Open(absl::Span<const StateNode> nodes) override;

 private:
  CudaWork(int device, RoundPath path, const ProofLayout& layout)
      : device_(device), path_(path), layout_(layout) {}

  absl::Status TakeMemory();
  absl::Status MakeStreams();
  cudaError_t CopyStopFlag(std::uint32_t value);
  absl::Status Use() const { return CudaStatus(cudaSetDevice(device_), "choosing the GPU"); }
  cudaError_t LaunchRound(const RoundArguments& arguments) const;
  absl::StatusOr<CudaEvent> SpareEvent();

  std::uint8_t* At(const ProofLayout::Place& place) const {
    return pieces_[place.piece].get() + place.offset;
  }
  std::int8_t* StateAt(std::uint32_t state) const {  // 0: Z_0
    return reinterpret_cast<std::int8_t*>(state == 0 ? inputs_.get() + layout_.matrix_bytes()
                                                     : At(layout_.StateAt(state)));
  }
  std::int8_t* w() const { return reinterpret_cast<std::int8_t*>(inputs_.get()); }

  const int device_;
  const RoundPath path_;
  const ProofLayout layout_;
  std::vector<DeviceMemory> pieces_;
  DeviceMemory inputs_;  // W, Z_0, the stop flag and, only on the path of bf16, its scratch
  std::uint32_t* stop_ = nullptr;
  Bf16Scratch bf16_;
  MappedMemory mapped_;  // values of the stop flag, then the roots
  CudaStream rounds_stream_;
  CudaStream trees_stream_;
  CudaStream stop_stream_;
  CudaEvent round_done_;
  std::deque<CudaEvent> trees_done_;  // of the rounds that were not seen finished
  std::vector<CudaEvent> spare_events_;
  std::uint32_t enqueued_ = 0;
};

}  // namespace kaisar::kernels
