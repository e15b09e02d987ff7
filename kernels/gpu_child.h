#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/descriptor.h"
#include "kernels/frame_socket.h"

namespace kaisar::kernels {

/// A process that was started to serve a GPU, and the socket to it. It is killed when this is
/// destroyed, when the thread that started it ends, or when this process dies.
///
/// Threads: one at a time.
class GpuChild {
 public:
  /// Starts a program as base/process_spawn.h describes it, with the socket as its kProcessOutput.
  ///
  /// Errors: Unavailable when it cannot be started.
  static absl::StatusOr<std::unique_ptr<GpuChild>> Start(const std::vector<std::string>& argv);
  /// Gives it a second to end by itself, since the socket is closed, and as long again to be
  /// killed. What is not gone then is left to its own.
  ~GpuChild();
  GpuChild(const GpuChild&) = delete;
  GpuChild& operator=(const GpuChild&) = delete;

  FrameSocket& socket() { return socket_; }
  pid_t process() const { return process_; }

  void Kill();
  /// Result: whether it is gone.
  bool AwaitEnd(int wait_ms);
  /// How it ended, once it is gone: "exited with status 1".
  const std::string& end() const { return end_; }

 private:
  GpuChild(pid_t process, Descriptor exited, Descriptor socket)
      : process_(process), exited_(std::move(exited)), socket_(std::move(socket)) {}

  const pid_t process_;
  Descriptor exited_;  // closed once it is reaped
  FrameSocket socket_;
  std::string end_;
};

}  // namespace kaisar::kernels
