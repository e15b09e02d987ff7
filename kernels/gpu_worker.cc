#include "kernels/gpu_worker.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kernels/frame_socket.h"

namespace kaisar::kernels {
namespace {

// The other end reads, or its process ends.
constexpr int kForEver = FrameSocket::kForEver;

absl::Status Unasked(const Frame& frame) {
  return absl::DataLossError(
      absl::StrCat("a frame of kind ", static_cast<int>(frame.kind), " that has no place here"));
}

class GpuWorker {
 public:
  GpuWorker(Descriptor socket, std::unique_ptr<Gpu> gpu)
      : socket_(std::move(socket)), gpu_(*gpu), engine_(MakeGpuEngine(std::move(gpu))) {}

  absl::Status Greet() {
    const absl::StatusOr<GpuMemory> memory = gpu_.ReadMemory();
    if (!memory.ok()) return Fail(memory.status());
    return socket_.Send(FrameKind::kReady, SerializeReady({*memory, engine_->Description()}),
                        kForEver);
  }

  absl::Status Serve() {
    while (true) {
      const absl::StatusOr<std::optional<Frame>> frame =
          socket_.Receive(kMostQuestionBytes, kForEver);
      RETURN_IF_ERROR(frame.status());
      if (frame->has_value()) RETURN_IF_ERROR(Answer(**frame));
    }
  }

 private:
  // Two kinds of failure leave the GPU as it was; after any other nothing more is asked of it.
  absl::Status Fail(const absl::Status& failure) {
    RETURN_IF_ERROR(socket_.Send(FrameKind::kFailed, SerializeFailure(failure), kForEver));
    if (absl::IsCancelled(failure) || absl::IsResourceExhausted(failure)) return absl::OkStatus();
    return failure;
  }

  absl::Status Answer(const Frame& frame) {
    switch (frame.kind) {
      case FrameKind::kSize:
        return Size(frame.body);
      case FrameKind::kProve:
        return Prove(frame.body);
      case FrameKind::kOpen:
        return Open(frame);
      case FrameKind::kCancel:  // it came too late
        return absl::OkStatus();
      case FrameKind::kDrop:
        states_.reset();
        return absl::OkStatus();
      default:
        return Unasked(frame);
    }
  }

  absl::Status Size(absl::string_view body) {
    ASSIGN_OR_RETURN(const ProofShape shape, ParseShape(body));
    return socket_.Send(FrameKind::kBytes, SerializeBytes(gpu_.ProofBytes(shape.n, shape.rounds)),
                        kForEver);
  }

  absl::Status Prove(absl::string_view body) {
    ASSIGN_OR_RETURN(const ProofOrder order, ParseOrder(body));
    states_.reset();
    absl::Status heard;
    absl::StatusOr<std::unique_ptr<ProofStates>> states =
        engine_->Prove(order.seed, order.shape.n, order.shape.rounds,
                       [this, &heard] { return IsCancelled(heard); });
    RETURN_IF_ERROR(heard);
    if (!states.ok()) return Fail(states.status());
    states_ = *std::move(states);
    shape_ = order.shape;
    return socket_.Send(FrameKind::kRoots, SerializeRoots(states_->roots()), kForEver);
  }

  // `heard` is why the other end will ask nothing more.
  bool IsCancelled(absl::Status& heard) {
    if (!heard.ok()) return true;
    const absl::StatusOr<std::optional<Frame>> frame = socket_.Receive(0, 0);
    heard = frame.status();
    if (heard.ok() && !frame->has_value()) return false;
    if (heard.ok() && (*frame)->kind != FrameKind::kCancel) heard = Unasked(**frame);
    return true;
  }

  absl::Status Open(const Frame& frame) {
    if (states_ == nullptr) return Unasked(frame);
    ASSIGN_OR_RETURN(const std::vector<StateNode> nodes, ParseNodes(shape_, frame.body));
    const absl::StatusOr<std::vector<OpenedNode>> opened = states_->Open(nodes);
    if (!opened.ok()) return Fail(opened.status());
    return socket_.Send(FrameKind::kNodes, SerializeOpened(*opened), kForEver);
  }

  FrameSocket socket_;
  Gpu& gpu_;  // the engine's
  const std::unique_ptr<MatmulEngine> engine_;
  std::unique_ptr<ProofStates> states_;  // of the latest proof
  ProofShape shape_;                     // its
};

}  // namespace

absl::Status ServeGpu(Descriptor socket,
                      const std::function<absl::StatusOr<std::unique_ptr<Gpu>>()>& open) {
  absl::StatusOr<std::unique_ptr<Gpu>> gpu = open();
  if (!gpu.ok()) {
    FrameSocket told(std::move(socket));
    RETURN_IF_ERROR(told.Send(FrameKind::kFailed, SerializeFailure(gpu.status()), kForEver));
    return gpu.status();
  }
  GpuWorker worker(std::move(socket), *std::move(gpu));
  RETURN_IF_ERROR(worker.Greet());
  return worker.Serve();
}

}  // namespace kaisar::kernels
