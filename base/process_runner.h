#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace kaisar {

/// The descriptor that a started process writes its lines to.
inline constexpr int kProcessOutput = 3;

struct ProcessSpec {
  std::vector<std::string> argv;      // argv[0] is the path of the executable
  std::string input;                  // all of its standard input; secrets go here, not into argv
  std::uint64_t kill_after_ms = 0;    // SIGKILL this long after its start
  std::size_t most_output_bytes = 0;  // SIGKILL when it writes more
};

/// How a process ended. A bad end is a result, not an error.
struct ProcessEnd {
  enum class Cause {
    kExited,          // `code` is its exit status
    kSignaled,        // `code` is the signal, which was not ours
    kKilledLate,      // after kill_after_ms
    kKilledLoud,      // wrote more than most_output_bytes
    kKilledOnDemand,  // Kill
    kNotStarted,      // `code` is errno: no process could be made, or the file is no program
  };
  Cause cause = Cause::kExited;
  int code = 0;
};

/// A process under way. Letting go of it does not end it.
///
/// Threads: any; does not block.
class Process {
 public:
  virtual ~Process() = default;
  /// Kills it soon; `ended` still comes.
  virtual void Kill() = 0;
};

/// Starts processes and reaps them. One real adapter (base/process_runner.cc) and one fake
/// (tests/support/fake_process_runner.h).
///
/// A started process has standard input and kProcessOutput, /dev/null as standard output, the
/// parent's standard error, and no other descriptor, whatever the parent has open; the parent's
/// environment; default signal dispositions and an empty mask. It leads a session of its own, and
/// what it leaves behind in that is killed when it ends. It is killed when the parent dies; what it
/// started then is not.
///
/// Threads:  all methods from any thread; none blocks. Callbacks come on the runner's own thread
///           ("processes") and must not block either.
class ProcessRunner {
 public:
  using OnLine = absl::AnyInvocable<void(std::string line)>;
  using OnEnd = absl::AnyInvocable<void(ProcessEnd end)>;
  virtual ~ProcessRunner() = default;

  /// Starts one. `line` comes for each whole line that it writes to kProcessOutput, without its end
  /// of line, in order; then `ended`, once and last, when it is reaped. What follows its last end
  /// of line is no line. Both may come before this returns.
  ///
  /// Errors: NotFound or PermissionDenied for the executable; ResourceExhausted when there are no
  ///         descriptors or memory left; Internal otherwise. No callback comes then.
  virtual absl::StatusOr<std::shared_ptr<Process>> Start(ProcessSpec spec, OnLine line,
                                                         OnEnd ended) = 0;
};

/// The real one.
///
/// An ignored SIGCHLD, which a program may inherit, is set to its default: it would reap what is
/// waited for.
///
/// Liveness: its thread ends in the destructor, which kills and reaps all that is left; those get
///           no callback any more. It depends on nobody but callbacks, which must not destroy it.
/// Errors:   Internal when the thread's descriptor cannot be made.
absl::StatusOr<std::unique_ptr<ProcessRunner>> MakeProcessRunner();

}  // namespace kaisar
