#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/gpu_child.h"
#include "kernels/gpu_frames.h"
#include "kernels/gpu_process.h"

namespace kaisar::kernels {

/// What an engine of kernels/gpu_process.h and its states share: the process that serves the GPU,
/// whichever it is at the time.
///
/// Errors: Unavailable, unless said otherwise, and then the process has been replaced.
/// Threads: one at a time.
class GpuLink {
 public:
  explicit GpuLink(GpuProcessOptions options) : options_(std::move(options)) {}

  /// Waits until a process is there that has the GPU open; starts one when there is none.
  ///
  /// Errors: Cancelled, and the process still gets ready; as the process says, when opening failed.
  absl::Status AwaitReady(const std::function<bool()>& cancelled);
  const ReadyGpu& ready() const { return ready_; }

  absl::StatusOr<std::uint64_t> ProofBytes(const ProofShape& shape);

  /// Errors: Cancelled; ResourceExhausted.
  absl::StatusOr<std::vector<Digest>> Prove(const ProofOrder& order,
                                            const std::function<bool()>& cancelled);
  /// Of the proof that was done last; states of another are gone.
  std::uint64_t proof() const { return proof_; }

  absl::StatusOr<std::vector<OpenedNode>> Open(std::uint64_t proof, const ProofShape& shape,
                                               absl::Span<const StateNode> nodes);
  void Drop(std::uint64_t proof);

 private:
  absl::Status Start();
  absl::Status AwaitOpened(const std::function<bool()>& cancelled);
  /// Asks and waits for the answer that belongs to it.
  absl::StatusOr<std::string> Ask(FrameKind question, absl::string_view body, FrameKind answer,
                                  std::uint64_t most_bytes);
  /// The answer's body; anything else is a failure.
  absl::StatusOr<std::string> BodyOf(const Frame& frame, FrameKind answer);
  absl::StatusOr<Frame> AwaitAnswer(std::uint64_t most_bytes,
                                    const std::function<bool()>& cancelled);
  /// Ends the process because of `why`, and its states.
  ///
  /// Result: Unavailable, for people.
  absl::Status End(const absl::Status& why);
  /// The same, for an error of its socket: says how the process ended, when it did.
  absl::Status EndBroken(const absl::Status& why);
  /// The same two, and the next process is started.
  absl::Status Replace(const absl::Status& why);
  absl::Status ReplaceBroken(const absl::Status& why);
  absl::Status StartNext(absl::Status ended);

  const GpuProcessOptions options_;
  std::unique_ptr<GpuChild> child_;        // null: to be started
  std::unique_ptr<GpuChild> left_behind_;  // could not be killed
  bool opened_ = false;                    // the child has the GPU open
  ReadyGpu ready_;                         // as the first one said
  std::uint64_t started_ns_ = 0;           // of the child; monotonic
  std::uint64_t retry_ns_ = 0;             // not started before; monotonic
  absl::Status lost_;                      // why opening failed last
  std::uint64_t proof_ = 0;
};

}  // namespace kaisar::kernels
