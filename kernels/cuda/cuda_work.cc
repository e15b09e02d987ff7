#include "kernels/cuda/cuda_work.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"

namespace kaisar::kernels {
namespace {

static_assert(TreeDigests(256) == 511 && TreeDigests(2048) == 8191);  // as ProofLayout counts

// In mapped memory, behind the values of the stop flag.
constexpr std::uint64_t kRootsOffset = 256;
// Of a number that stands alone, so that all behind it is aligned.
constexpr std::uint64_t kNumberBytes = 256;

// W, Z_0 and the stop flag; for bf16 two matrices of two bytes an element, and a counter.
std::uint64_t InputBytes(const ProofLayout& layout, RoundPath path) {
  const std::uint64_t bytes = 2 * layout.matrix_bytes() + kNumberBytes;
  return path == RoundPath::kBf16 ? bytes + 4 * layout.matrix_bytes() + kNumberBytes : bytes;
}

}  // namespace

std::uint64_t CudaWork::Bytes(const ProofLayout& layout, RoundPath path) {
  std::uint64_t bytes = InputBytes(layout, path);
  for (const std::uint64_t piece : layout.pieces()) bytes += piece;
  return bytes;
}

absl::StatusOr<std::unique_ptr<GpuWork>> CudaWork::Reserve(int device, RoundPath path,
                                                           const ProofLayout& layout) {
  KAISAR_CHECK(layout.digests() == TreeDigests(layout.n()));
  std::unique_ptr<CudaWork> work(new CudaWork(device, path, layout));
  RETURN_IF_ERROR(work->Use());
  RETURN_IF_ERROR(work->TakeMemory());
  RETURN_IF_ERROR(work->MakeStreams());
  return work;
}

absl::Status CudaWork::TakeMemory() {
  for (const std::uint64_t bytes : layout_.pieces()) {
    ASSIGN_OR_RETURN(pieces_.emplace_back(), TakeDeviceMemory(bytes));
  }
  ASSIGN_OR_RETURN(inputs_, TakeDeviceMemory(InputBytes(layout_, path_)));
  std::uint8_t* at = inputs_.get() + 2 * layout_.matrix_bytes();
  stop_ = reinterpret_cast<std::uint32_t*>(at);
  at += kNumberBytes;
  if (path_ == RoundPath::kBf16) {
    bf16_.w = reinterpret_cast<std::uint16_t*>(at);
    bf16_.z = reinterpret_cast<std::uint16_t*>(at + 2 * layout_.matrix_bytes());
    bf16_.inexact = reinterpret_cast<std::uint32_t*>(at + 4 * layout_.matrix_bytes());
  }
  ASSIGN_OR_RETURN(mapped_, TakeMappedMemory(kRootsOffset + layout_.rounds() * sizeof(Digest)));
  const std::uint32_t values[] = {0, 1};
  std::memcpy(mapped_.get(), values, sizeof(values));
  return absl::OkStatus();
}

// The copy engine does it, whatever the processors are busy with.
cudaError_t CudaWork::CopyStopFlag(std::uint32_t value) {
  return cudaMemcpyAsync(stop_, mapped_.get() + value * sizeof(value), sizeof(value),
                         cudaMemcpyHostToDevice, stop_stream_.get());
}

absl::Status CudaWork::MakeStreams() {
  int least = 0;
  int greatest = 0;
  RETURN_IF_ERROR(
      CudaStatus(cudaDeviceGetStreamPriorityRange(&least, &greatest), "reading the priorities"));
  ASSIGN_OR_RETURN(rounds_stream_, MakeCudaStream(least));
  ASSIGN_OR_RETURN(trees_stream_, MakeCudaStream(greatest));
  ASSIGN_OR_RETURN(stop_stream_, MakeCudaStream(greatest));
  ASSIGN_OR_RETURN(round_done_, MakeCudaEvent());
  RETURN_IF_ERROR(CudaStatus(CopyStopFlag(0), "clearing the stop flag"));
  return CudaStatus(cudaStreamSynchronize(stop_stream_.get()), "clearing the stop flag");
}

CudaWork::~CudaWork() {
  cudaSetDevice(device_);
  if (stop_stream_ != nullptr) CopyStopFlag(1);
  for (const CudaStream* stream : {&stop_stream_, &rounds_stream_, &trees_stream_}) {
    if (*stream != nullptr) cudaStreamSynchronize(stream->get());
  }
  cudaGetLastError();
}

absl::Status CudaWork::EnqueueInputs(const Digest& seed) {
  RETURN_IF_ERROR(Use());
  const cudaStream_t stream = rounds_stream_.get();
  RETURN_IF_ERROR(CudaStatus(LaunchGenerate(seed, 0, layout_.n(), w(), stream), "generating W"));
  RETURN_IF_ERROR(
      CudaStatus(LaunchGenerate(seed, 1, layout_.n(), StateAt(0), stream), "generating Z_0"));
  if (path_ != RoundPath::kBf16) return absl::OkStatus();
  RETURN_IF_ERROR(CudaStatus(cudaMemsetAsync(bf16_.inexact, 0, sizeof(*bf16_.inexact), stream),
                             "zeroing the counter of bf16"));
  return CudaStatus(LaunchToBf16(w(), bf16_.w, layout_.matrix_bytes(), stream),
                    "converting W to bf16");
}

cudaError_t CudaWork::LaunchRound(const RoundArguments& arguments) const {
  switch (path_) {
    case RoundPath::kPlain:
      return LaunchPlainRound(arguments, rounds_stream_.get());
    case RoundPath::kMma:
      return LaunchMmaRound(arguments, rounds_stream_.get());
    case RoundPath::kWgmma:
      return LaunchWgmmaRound(arguments, rounds_stream_.get());
    case RoundPath::kBf16:
      return LaunchBf16Round(arguments, bf16_, rounds_stream_.get());
  }
  return cudaErrorInvalidValue;
}

absl::StatusOr<CudaEvent> CudaWork::SpareEvent() {
  if (spare_events_.empty()) return MakeCudaEvent();
  CudaEvent event = std::move(spare_events_.back());
  spare_events_.pop_back();
  return event;
}

absl::Status CudaWork::EnqueueRound() {
  KAISAR_CHECK(enqueued_ < layout_.rounds());
  RETURN_IF_ERROR(Use());
  const std::uint32_t state = enqueued_ + 1;
  const RoundArguments arguments = {
      .w = w(), .z = StateAt(state - 1), .next = StateAt(state), .n = layout_.n(), .stop = stop_};
  const cudaStream_t trees = trees_stream_.get();
  RETURN_IF_ERROR(CudaStatus(LaunchRound(arguments),
                             absl::StrCat("launching round ", state, " (", NameOf(path_), ")")));
  // A wait is for what the event stands for now, so that one event does for all rounds.
  RETURN_IF_ERROR(
      CudaStatus(cudaEventRecord(round_done_.get(), rounds_stream_.get()), "marking a round"));
  RETURN_IF_ERROR(CudaStatus(cudaStreamWaitEvent(trees, round_done_.get(), 0), "ordering a tree"));
  std::uint8_t* const digests = At(layout_.TreeAt(state));
  RETURN_IF_ERROR(CudaStatus(LaunchTree(arguments.next, layout_.n(), digests, stop_, trees),
                             absl::StrCat("launching the tree over state ", state)));
  RETURN_IF_ERROR(
      CudaStatus(cudaMemcpyAsync(mapped_.get() + kRootsOffset + enqueued_ * sizeof(Digest),
                                 digests + (layout_.digests() - 1) * sizeof(Digest), sizeof(Digest),
                                 cudaMemcpyDeviceToHost, trees),
                 "copying a root"));
  ASSIGN_OR_RETURN(CudaEvent done, SpareEvent());
  RETURN_IF_ERROR(CudaStatus(cudaEventRecord(done.get(), trees), "marking a tree"));
  trees_done_.push_back(std::move(done));
  ++enqueued_;
  return absl::OkStatus();
}

absl::StatusOr<std::uint32_t> CudaWork::FinishedRounds() {
  RETURN_IF_ERROR(Use());
  while (!trees_done_.empty()) {
    const cudaError_t error = cudaEventQuery(trees_done_.front().get());
    if (error == cudaErrorNotReady) {
      cudaGetLastError();  // it would count as the next launch's
      break;
    }
    RETURN_IF_ERROR(
        CudaStatus(error, absl::StrCat("waiting for round ", enqueued_ - trees_done_.size() + 1)));
    spare_events_.push_back(std::move(trees_done_.front()));
    trees_done_.pop_front();
  }
  return enqueued_ - static_cast<std::uint32_t>(trees_done_.size());
}

void CudaWork::Stop() {
  cudaSetDevice(device_);
  CopyStopFlag(1);
  cudaGetLastError();
}

absl::StatusOr<std::vector<Digest>> CudaWork::ReadRoots() {
  KAISAR_CHECK(enqueued_ == layout_.rounds() && trees_done_.empty());
  std::vector<Digest> roots(enqueued_);
  std::memcpy(roots.data(), mapped_.get() + kRootsOffset, roots.size() * sizeof(Digest));
  return roots;
}

// Into mapped memory, orders and all: one kernel and one wait, and nothing of the GPU's memory,
// of which nothing may be left.
absl::StatusOr<std::vector<OpenedNode>> CudaWork::Open(absl::Span<const StateNode> nodes) {
  KAISAR_CHECK(enqueued_ == layout_.rounds() && trees_done_.empty());
  RETURN_IF_ERROR(Use());
  std::vector<CopyOrder> orders;
  std::vector<std::uint64_t> ends;  // of the nodes, in bytes
  std::uint64_t bytes = 0;
  for (const StateNode& node : nodes) {
    for (const ProofLayout::Range& range : layout_.RangesOf(node)) {
      orders.push_back({.from = At(range.from), .to = nullptr, .bytes = range.bytes});
      bytes += range.bytes;
    }
    ends.push_back(bytes);
  }
  if (nodes.empty()) return std::vector<OpenedNode>();
  ASSIGN_OR_RETURN(const MappedMemory copies,
                   TakeMappedMemory(bytes + orders.size() * sizeof(CopyOrder)));
  std::uint8_t* to = copies.get();
  for (CopyOrder& order : orders) {
    order.to = to;
    to += order.bytes;
  }
  std::memcpy(to, orders.data(), orders.size() * sizeof(CopyOrder));
  RETURN_IF_ERROR(CudaStatus(
      LaunchGather(reinterpret_cast<const CopyOrder*>(to), orders.size(), trees_stream_.get()),
      "launching the copies of an opening"));
  RETURN_IF_ERROR(CudaStatus(cudaStreamSynchronize(trees_stream_.get()), "copying an opening"));
  std::vector<OpenedNode> opened(nodes.size());
  const std::uint8_t* from = copies.get();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::uint64_t elements = layout_.RangesOf(nodes[i]).front().bytes;
    const std::uint8_t* const end = copies.get() + ends[i];
    opened[i].elements.assign(from, from + elements);
    opened[i].path.assign(from + elements, end);
    from = end;
  }
  return opened;
}

}  // namespace kaisar::kernels
