#include "kernels/gpu_link.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/status_macros.h"

namespace kaisar::kernels {
namespace {

// Proofs ask whether they are cancelled at least every 50 ms.
constexpr int kLookMs = 20;
constexpr std::uint64_t kNsPerMs = 1'000'000;

std::uint64_t NowNs() {
  return RealClock().MonotonicNs();
}

std::uint64_t After(std::uint64_t from_ns, int wait_ms) {
  return from_ns + static_cast<std::uint64_t>(wait_ms) * kNsPerMs;
}

// Room for the answer, or for why there is none.
std::uint64_t OrFailure(std::uint64_t most_bytes) {
  return std::max<std::uint64_t>(most_bytes, 1 + kMostFailureBytes);
}

// What a process says of its GPU, or of what it was asked.
absl::Status SaidBy(const Frame& frame) {
  if (frame.kind == FrameKind::kFailed) return ParseFailure(frame.body);
  return absl::DataLossError(
      absl::StrCat("a frame of kind ", static_cast<int>(frame.kind), " is no answer to that"));
}

// A GPU that was there once is no wrong word in a config now.
absl::Status AsLost(const absl::Status& failure) {
  if (failure.ok() || absl::IsCancelled(failure)) return failure;
  return absl::UnavailableError(failure.message());
}

}  // namespace

absl::Status GpuLink::Start() {
  absl::StatusOr<std::unique_ptr<GpuChild>> child = GpuChild::Start(options_.argv);
  started_ns_ = NowNs();
  opened_ = false;
  if (!child.ok()) {
    lost_ = absl::UnavailableError(absl::StrCat(options_.gpu, ": ", child.status().message()));
    retry_ns_ = After(started_ns_, options_.rest_ms);
    return lost_;
  }
  child_ = *std::move(child);
  return absl::OkStatus();
}

absl::Status GpuLink::AwaitReady(const std::function<bool()>& cancelled) {
  bool started = false;
  while (true) {
    if (left_behind_ != nullptr) {
      if (!left_behind_->AwaitEnd(0)) {
        return absl::UnavailableError(absl::StrCat(
            options_.gpu, ": process ", left_behind_->process(), " on it cannot be killed"));
      }
      left_behind_.reset();
    }
    if (child_ != nullptr && opened_) {
      // It was asked nothing, so there is nothing to hear but its end.
      const auto heard = child_->socket().Receive(0, 0);
      if (heard.ok() && !heard->has_value()) return absl::OkStatus();
      EndBroken(heard.ok() ? absl::DataLossError("it spoke unasked") : heard.status())
          .IgnoreError();
      continue;
    }
    if (child_ == nullptr) {
      if (NowNs() < retry_ns_) {
        return absl::UnavailableError(
            absl::StrCat(lost_.message(), "; it is tried again every ", options_.rest_ms, " ms"));
      }
      RETURN_IF_ERROR(Start());
      started = true;
    }
    const absl::Status opened = AwaitOpened(cancelled);
    if (opened.ok() || child_ != nullptr) return opened;  // opened, or cancelled
    lost_ = opened;
    retry_ns_ = After(started ? NowNs() : started_ns_, options_.rest_ms);
    // One that was started after a failure may have failed long ago.
    if (started || NowNs() < retry_ns_) return opened;
  }
}

// When it fails, there is no child any more.
absl::Status GpuLink::AwaitOpened(const std::function<bool()>& cancelled) {
  const std::uint64_t limit_ns = After(started_ns_, options_.open_ms);
  while (true) {
    auto heard = child_->socket().Receive(kMostFailureBytes + 1, kLookMs);
    if (!heard.ok()) return EndBroken(heard.status());
    if (heard->has_value() && (*heard)->kind == FrameKind::kReady) {
      absl::StatusOr<ReadyGpu> ready = ParseReady((*heard)->body);
      if (!ready.ok()) return End(ready.status());
      if (ready_.description.empty()) ready_ = *std::move(ready);
      opened_ = true;
      return absl::OkStatus();
    }
    if (heard->has_value()) {
      const absl::Status said = SaidBy(**heard);
      return {said.code(), End(said).message()};
    }
    if (NowNs() >= limit_ns) {
      return End(absl::DeadlineExceededError(
          absl::StrCat("did not open it within ", options_.open_ms, " ms")));
    }
    if (cancelled()) return absl::CancelledError("matmul was cancelled");
  }
}

absl::StatusOr<std::uint64_t> GpuLink::ProofBytes(const ProofShape& shape) {
  RETURN_IF_ERROR(AsLost(AwaitReady([] { return false; })));
  ASSIGN_OR_RETURN(const std::string body,
                   Ask(FrameKind::kSize, SerializeShape(shape), FrameKind::kBytes, 8));
  absl::StatusOr<std::uint64_t> bytes = ParseBytes(body);
  if (!bytes.ok()) return Replace(bytes.status());
  return bytes;
}

absl::StatusOr<std::vector<Digest>> GpuLink::Prove(const ProofOrder& order,
                                                   const std::function<bool()>& cancelled) {
  ++proof_;
  RETURN_IF_ERROR(AsLost(AwaitReady(cancelled)));
  const absl::Status sent =
      child_->socket().Send(FrameKind::kProve, SerializeOrder(order), options_.answer_ms);
  if (!sent.ok()) return ReplaceBroken(sent);
  bool cancelling = false;
  const std::uint64_t roots_bytes = std::uint64_t{order.shape.rounds} * sizeof(Digest);
  ASSIGN_OR_RETURN(const Frame answer,
                   AwaitAnswer(roots_bytes, [&] { return cancelling = cancelled(); }));
  if (answer.kind == FrameKind::kRoots && cancelling) {
    Drop(proof_);
    return absl::CancelledError("matmul was cancelled");
  }
  ASSIGN_OR_RETURN(const std::string body, BodyOf(answer, FrameKind::kRoots));
  absl::StatusOr<std::vector<Digest>> roots = ParseRoots(order.shape.rounds, body);
  if (!roots.ok()) return Replace(roots.status());
  return roots;
}

// However long that takes, until `cancelled` says so; then not for long.
absl::StatusOr<Frame> GpuLink::AwaitAnswer(std::uint64_t most_bytes,
                                           const std::function<bool()>& cancelled) {
  while (!cancelled()) {
    auto heard = child_->socket().Receive(OrFailure(most_bytes), kLookMs);
    if (!heard.ok()) return ReplaceBroken(heard.status());
    if (heard->has_value()) return **std::move(heard);
  }
  const absl::Status sent = child_->socket().Send(FrameKind::kCancel, "", options_.cancel_ms);
  if (!sent.ok()) return ReplaceBroken(sent);
  auto heard = child_->socket().Receive(OrFailure(most_bytes), options_.cancel_ms);
  if (!heard.ok()) return ReplaceBroken(heard.status());
  if (heard->has_value()) return **std::move(heard);
  return Replace(
      absl::DeadlineExceededError(absl::StrCat("did not stop within ", options_.cancel_ms, " ms")));
}

absl::StatusOr<std::vector<OpenedNode>> GpuLink::Open(std::uint64_t proof, const ProofShape& shape,
                                                      absl::Span<const StateNode> nodes) {
  if (proof != proof_ || child_ == nullptr || !opened_) {
    return absl::UnavailableError(absl::StrCat(options_.gpu, ": the states are gone"));
  }
  ASSIGN_OR_RETURN(const std::uint64_t bytes, MeasureNodes(shape, nodes));
  ASSIGN_OR_RETURN(const std::string body,
                   Ask(FrameKind::kOpen, SerializeNodes(nodes), FrameKind::kNodes, bytes));
  absl::StatusOr<std::vector<OpenedNode>> opened = ParseOpened(shape, nodes, body);
  if (!opened.ok()) return Replace(opened.status());
  return opened;
}

void GpuLink::Drop(std::uint64_t proof) {
  if (proof != proof_ || child_ == nullptr || !opened_) return;
  // Whether that failed shows at the next question.
  child_->socket().Send(FrameKind::kDrop, "", options_.answer_ms).IgnoreError();
}

absl::StatusOr<std::string> GpuLink::Ask(FrameKind question, absl::string_view body,
                                         FrameKind answer, std::uint64_t most_bytes) {
  const absl::Status sent = child_->socket().Send(question, body, options_.answer_ms);
  if (!sent.ok()) return ReplaceBroken(sent);
  const auto heard = child_->socket().Receive(OrFailure(most_bytes), options_.answer_ms);
  if (!heard.ok()) return ReplaceBroken(heard.status());
  if (heard->has_value()) return BodyOf(**heard, answer);
  return Replace(absl::DeadlineExceededError(
      absl::StrCat("did not answer within ", options_.answer_ms, " ms")));
}

absl::StatusOr<std::string> GpuLink::BodyOf(const Frame& frame, FrameKind answer) {
  if (frame.kind == answer) return frame.body;
  const absl::Status said = SaidBy(frame);
  if (absl::IsCancelled(said) || absl::IsResourceExhausted(said)) return said;
  return Replace(said);
}

absl::Status GpuLink::End(const absl::Status& why) {
  child_->Kill();
  ++proof_;
  opened_ = false;
  std::string text = absl::StrCat(options_.gpu, ": ", why.message());
  if (child_->AwaitEnd(options_.kill_ms)) {
    child_.reset();
  } else {
    left_behind_ = std::move(child_);
    absl::StrAppend(&text, "; process ", left_behind_->process(), " on it cannot be killed");
  }
  return absl::UnavailableError(text);
}

absl::Status GpuLink::EndBroken(const absl::Status& why) {
  const bool hung_up = absl::IsUnavailable(why);
  if (!hung_up || !child_->AwaitEnd(options_.kill_ms)) return End(why);
  return End(absl::UnavailableError(absl::StrCat("its process ", child_->end())));
}

absl::Status GpuLink::Replace(const absl::Status& why) {
  return StartNext(End(why));
}

absl::Status GpuLink::ReplaceBroken(const absl::Status& why) {
  return StartNext(EndBroken(why));
}

absl::Status GpuLink::StartNext(absl::Status ended) {
  if (left_behind_ == nullptr) Start().IgnoreError();  // the next proof says so
  return ended;
}

}  // namespace kaisar::kernels
