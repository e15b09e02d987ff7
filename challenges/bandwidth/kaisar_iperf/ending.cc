#include "challenges/bandwidth/kaisar_iperf/ending.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/printable.h"
#include "challenges/bandwidth/terms.h"

namespace kaisar::challenges {
namespace {

using State = IperfOutcome::State;

/// A line made beforehand, for where nothing may be allocated any more.
struct PreparedLine {
  std::array<char, kMostDetailBytes + 256> text;
  std::size_t size = 0;
};

constinit PreparedLine late{};
constinit PreparedLine crash{};
// A crash may have used up the stack.
alignas(16) constinit std::array<char, 16'384> signal_stack{};

// All of it or nothing: a pipe takes so much at once or its reader is gone.
void WriteAll(const char* text, std::size_t size) {
  while (size > 0) {
    const ssize_t wrote = write(kProcessOutput, text, size);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) _exit(1);
    text += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
}

[[noreturn]] void EndPrepared(const PreparedLine& line) {
  WriteAll(line.text.data(), line.size);
  _exit(0);
}

void OnDeadline(int) {
  EndPrepared(late);
}

void OnCrash(int) {
  EndPrepared(crash);
}

void OnExit() {
  EndPrepared(crash);
}

std::string LineOf(State state, const std::string& detail, const IperfCounts& counts) {
  nlohmann::ordered_json json;
  json["state"] = NameOf(state);
  json["detail"] = Printable(detail, kMostDetailBytes / 2);  // quotes are escaped
  std::string line = json.dump();
  line.pop_back();
  if (!counts.link.empty()) line += ",\"link\":" + counts.link;
  if (!counts.iperf.empty()) line += ",\"iperf\":" + counts.iperf;
  return line + "}";
}

class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

void Prepare(PreparedLine& prepared, State state, const std::string& detail) {
  const std::string line = LineOf(state, detail, {}) + "\n";
  const BlockedSignals blocked;
  prepared.size = std::min(line.size(), prepared.text.size());
  std::memcpy(prepared.text.data(), line.data(), prepared.size);
}

void Handle(int signal_number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;
  sigfillset(&action.sa_mask);
  sigaction(signal_number, &action, nullptr);
}

}  // namespace

void StartEnding() {
  PrepareLate(State::kUnable, "out of time before the test");
  PrepareCrash(State::kUnable, "crashed before the test");
  stack_t stack{};
  stack.ss_sp = signal_stack.data();
  stack.ss_size = signal_stack.size();
  sigaltstack(&stack, nullptr);
  Handle(SIGALRM, OnDeadline);
  for (const int signal_number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) {
    Handle(signal_number, OnCrash);
  }
  std::atexit(OnExit);
}

void PrepareLate(State state, const std::string& detail) {
  Prepare(late, state, detail);
}

void PrepareCrash(State state, const std::string& detail) {
  Prepare(crash, state, detail);
}

void SetDeadline(std::uint64_t in_ms) {
  if (in_ms == 0) in_ms = 1;  // 0 would mean never
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(in_ms / 1000);
  timer.it_value.tv_usec = static_cast<suseconds_t>(in_ms % 1000 * 1000);
  setitimer(ITIMER_REAL, &timer, nullptr);
}

void WriteLine(const std::string& line) {
  const std::string ended = line + "\n";
  const BlockedSignals blocked;
  WriteAll(ended.data(), ended.size());
}

void EndWith(State state, const std::string& detail, const IperfCounts& counts) {
  const std::string line = LineOf(state, detail, counts);
  WriteLine(line.size() <= kMostBandwidthResultBytes
                ? line
                : LineOf(State::kUnable, "the result is too long", {}));
  _exit(0);
}

}  // namespace kaisar::challenges
