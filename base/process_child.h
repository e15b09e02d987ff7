#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/descriptor.h"
#include "base/process_runner.h"
#include "base/process_spawn.h"

namespace kaisar {

/// What a process needs that is to be started.
struct ProcessOrder {
  ProcessSpec spec;
  ProcessRunner::OnLine line;
  ProcessRunner::OnEnd ended;
  Descriptor input;   // holds all of its input
  Descriptor output;  // its end of the pipe
  Descriptor lines;   // our end, non-blocking
};

/// A process from its start until it is reaped: part of base/process_runner.cc.
///
/// Threads: one, which must outlive the process; the callbacks come on it.
class ChildProcess {
 public:
  explicit ChildProcess(ProcessOrder order);
  ChildProcess(ChildProcess&&) = default;

  /// Starts it. When that cannot be, says so with `ended`.
  ///
  /// Result: whether it runs.
  bool Spawn(std::uint64_t now_ns);

  /// Readable, once there is output; -1 after the last of it.
  int output_fd() const { return order_.lines.fd(); }
  /// Readable, once it has exited.
  int exited_fd() const { return exited_.fd(); }
  /// Absent, once it was killed.
  std::optional<std::uint64_t> kill_at_ns() const;

  /// Kills it, with what it started in its session; it is still to be reaped.
  void Kill(ProcessEnd::Cause cause);
  /// Takes some of what has arrived.
  ///
  /// Result: whether there may be more at once.
  bool ReadOutput();
  /// Waits for its end, takes what it wrote before, and says `ended`. What others may still write
  /// to its output, having left its session, is not waited for.
  void Finish();
  /// Kills it and waits for its end without a word.
  void Discard();

 private:
  void TakeLines(std::size_t searched);
  ProcessEnd Reap();

  ProcessOrder order_;
  pid_t process_ = -1;
  Descriptor exited_;
  std::uint64_t kill_at_ns_ = 0;
  std::optional<ProcessEnd::Cause> killed_;  // by us, and why first
  bool loud_ = false;
  std::size_t output_bytes_ = 0;
  std::string rest_;  // what came after the last whole line
};

}  // namespace kaisar
