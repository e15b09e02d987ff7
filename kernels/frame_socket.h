#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/descriptor.h"
#include "kernels/gpu_frames.h"

namespace kaisar::kernels {

/// One end of a stream of frames.
///
/// Errors: Unavailable when the other end is closed; DataLoss for bytes that are no frame. After
///         an error it is of no use any more.
/// Threads: one at a time.
class FrameSocket {
 public:
  /// As a limit on waiting: none.
  static constexpr int kForEver = -1;

  /// A connected stream socket.
  explicit FrameSocket(Descriptor socket) : socket_(std::move(socket)) {}

  /// Errors: DeadlineExceeded when the other end took too little within `wait_ms`.
  absl::Status Send(FrameKind kind, absl::string_view body, int wait_ms);

  /// Waits at most `wait_ms` for a whole frame; what there is of one is kept for the next call.
  ///
  /// Result: nothing when time ran out.
  /// Errors: DataLoss for a body of more than `most_bytes`, too. No more than has come is held.
  absl::StatusOr<std::optional<Frame>> Receive(std::uint64_t most_bytes, int wait_ms);

  /// The other end hears of it.
  void Close() { socket_.Close(); }

 private:
  /// Result: whether some came.
  absl::StatusOr<bool> ReadSome(std::uint64_t most_bytes);
  bool IsWhole() const;

  Descriptor socket_;
  // Of the frame that is coming in.
  std::array<char, kFrameHeaderBytes> header_bytes_{};
  std::size_t header_size_ = 0;
  FrameHeader header_;
  std::string body_;
};

}  // namespace kaisar::kernels
