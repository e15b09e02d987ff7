#include "tests/support/fake_process_runner.h"

#include <utility>

namespace kaisar::testing {
namespace {

struct FakeProcess {
  FakeProcessRecord record;
  std::size_t output_bytes = 0;
  // Shared, so that a callback that is running outlives what it does to the process.
  std::shared_ptr<ProcessRunner::OnLine> line;
  std::shared_ptr<ProcessRunner::OnEnd> ended;
};

}  // namespace

struct FakeProcessRunner::State {
  mutable Mutex mutex;
  bool gone ABSL_GUARDED_BY(mutex) = false;
  Author author ABSL_GUARDED_BY(mutex);
  std::deque<ProcessScript> next ABSL_GUARDED_BY(mutex);
  std::vector<FakeProcess> processes ABSL_GUARDED_BY(mutex);

  void Say(FakeClock& clock, std::size_t process, const std::string& line);
  void End(FakeClock& clock, std::size_t process, ProcessEnd end);
};

void FakeProcessRunner::State::Say(FakeClock& clock, std::size_t process, const std::string& line) {
  std::shared_ptr<OnLine> then;
  bool loud = false;
  {
    MutexLock lock(mutex);
    if (gone || processes.at(process).record.end_ms.has_value()) return;
    FakeProcess& speaker = processes[process];
    speaker.output_bytes += line.size() + 1;
    loud = speaker.output_bytes > speaker.record.spec.most_output_bytes;
    then = speaker.line;
  }
  if (loud) return End(clock, process, {ProcessEnd::Cause::kKilledLoud, 0});
  (*then)(line);
}

void FakeProcessRunner::State::End(FakeClock& clock, std::size_t process, ProcessEnd end) {
  const std::uint64_t now_ms = clock.MonotonicNs() / 1'000'000;
  std::shared_ptr<OnLine> line;  // let go of without the lock
  std::shared_ptr<OnEnd> then;
  {
    MutexLock lock(mutex);
    if (gone || processes.at(process).record.end_ms.has_value()) return;
    FakeProcess& ending = processes[process];
    ending.record.end_ms = now_ms;
    ending.record.end = end;
    line = std::move(ending.line);
    then = std::move(ending.ended);
  }
  (*then)(end);
}

class FakeProcessRunner::Handle final : public Process {
 public:
  Handle(FakeClock& clock, std::shared_ptr<State> state, std::size_t process)
      : clock_(clock), state_(std::move(state)), process_(process) {}

  void Kill() override {
    {
      MutexLock lock(state_->mutex);
      if (state_->gone) return;
      ++state_->processes.at(process_).record.kills;
    }
    clock_.After(0, [&clock = clock_, state = state_, process = process_] {
      state->End(clock, process, {ProcessEnd::Cause::kKilledOnDemand, 0});
    });
  }

 private:
  FakeClock& clock_;
  const std::shared_ptr<State> state_;
  const std::size_t process_;
};

FakeProcessRunner::FakeProcessRunner(FakeClock& clock, Author author)
    : clock_(clock), state_(std::make_shared<State>()) {
  SetAuthor(std::move(author));
}

FakeProcessRunner::~FakeProcessRunner() {
  std::vector<FakeProcess> processes;  // their callbacks are let go of without the lock
  MutexLock lock(state_->mutex);
  state_->gone = true;
  processes.swap(state_->processes);
}

absl::StatusOr<std::shared_ptr<Process>> FakeProcessRunner::Start(ProcessSpec spec, OnLine line,
                                                                  OnEnd ended) {
  std::optional<ProcessScript> script;
  Author author;
  {
    MutexLock lock(state_->mutex);
    if (!state_->next.empty()) {
      script = std::move(state_->next.front());
      state_->next.pop_front();
    }
    author = state_->author;
  }
  if (!script.has_value()) script = author ? author(spec) : ProcessScript{};
  if (!script->start.ok()) return script->start;

  FakeProcess process;
  const std::uint64_t kill_after_ms = spec.kill_after_ms;
  process.record.spec = std::move(spec);
  process.record.start_ms = clock_.MonotonicNs() / 1'000'000;
  process.line = std::make_shared<OnLine>(std::move(line));
  process.ended = std::make_shared<OnEnd>(std::move(ended));
  std::size_t index = 0;
  {
    MutexLock lock(state_->mutex);
    index = state_->processes.size();
    state_->processes.push_back(std::move(process));
  }
  // At one and the same time, lines go before the end, and the end before a kill.
  for (ProcessScript::Line& said : script->lines) {
    clock_.After(said.after_ms, [&clock = clock_, state = state_, index, text = said.text] {
      state->Say(clock, index, text);
    });
  }
  if (script->ends_after_ms.has_value()) {
    clock_.After(*script->ends_after_ms, [&clock = clock_, state = state_, index,
                                          end = script->end] { state->End(clock, index, end); });
  }
  clock_.After(kill_after_ms, [&clock = clock_, state = state_, index] {
    state->End(clock, index, {ProcessEnd::Cause::kKilledLate, 0});
  });
  return std::make_shared<Handle>(clock_, state_, index);
}

void FakeProcessRunner::SetAuthor(Author author) {
  MutexLock lock(state_->mutex);
  state_->author = std::move(author);
}

void FakeProcessRunner::ScriptNext(ProcessScript script) {
  MutexLock lock(state_->mutex);
  state_->next.push_back(std::move(script));
}

std::vector<FakeProcessRecord> FakeProcessRunner::Records() const {
  std::vector<FakeProcessRecord> records;
  MutexLock lock(state_->mutex);
  records.reserve(state_->processes.size());
  for (const FakeProcess& process : state_->processes) records.push_back(process.record);
  return records;
}

std::size_t FakeProcessRunner::Running() const {
  std::size_t running = 0;
  MutexLock lock(state_->mutex);
  for (const FakeProcess& process : state_->processes) {
    running += process.record.end_ms.has_value() ? 0U : 1U;
  }
  return running;
}

void FakeProcessRunner::Say(std::size_t process, const std::string& line) {
  state_->Say(clock_, process, line);
}

void FakeProcessRunner::End(std::size_t process, ProcessEnd end) {
  state_->End(clock_, process, end);
}

}  // namespace kaisar::testing
