#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "base/process_runner.h"
#include "tests/support/fake_clock.h"

namespace kaisar::testing {

/// What a fake process does by itself; times count from its start.
struct ProcessScript {
  struct Line {
    std::uint64_t after_ms = 0;
    std::string text;
  };
  absl::Status start = absl::OkStatus();  // not ok: Start says this, and there is no process
  std::vector<Line> lines;
  std::optional<std::uint64_t> ends_after_ms;  // absent: hangs until it is killed or ended
  ProcessEnd end;
};

/// A process as it was started, and what became of it.
struct FakeProcessRecord {
  ProcessSpec spec;
  std::uint64_t start_ms = 0;  // monotonic, as the clock's
  std::uint32_t kills = 0;     // how often Kill was called
  std::optional<std::uint64_t> end_ms;
  ProcessEnd end;  // with end_ms
};

/// Processes in simulated time. Limits of a spec hold as with the real one; a kill ends a process
/// when time next moves, be it by 0 ms.
///
/// Threads: all methods from any thread; callbacks come in the thread that advances the clock, or
///          that calls Say or End, and never after the destructor.
class FakeProcessRunner final : public ProcessRunner {
 public:
  /// Says what a process does that is being started; called in the thread that starts it.
  using Author = std::function<ProcessScript(const ProcessSpec& spec)>;

  /// Without an author, processes hang and say nothing.
  explicit FakeProcessRunner(FakeClock& clock, Author author = nullptr);
  ~FakeProcessRunner() override;

  absl::StatusOr<std::shared_ptr<Process>> Start(ProcessSpec spec, OnLine line,
                                                 OnEnd ended) override;

  /// For all that are started from now on.
  void SetAuthor(Author author);
  /// For the next one that has no such script yet; goes before the author.
  void ScriptNext(ProcessScript script);

  /// In the order of starting; a failed start is not among them.
  std::vector<FakeProcessRecord> Records() const;
  std::size_t Running() const;

  /// Does by hand what a script would; `process` is an index into Records. Nothing happens when it
  /// has ended.
  void Say(std::size_t process, const std::string& line);
  void End(std::size_t process, ProcessEnd end = {});

 private:
  struct State;
  class Handle;

  FakeClock& clock_;
  const std::shared_ptr<State> state_;  // timers and handles outlive the runner
};

}  // namespace kaisar::testing
