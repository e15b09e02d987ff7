#include "checker/stop_signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <utility>

namespace kaisar::checker {
namespace {

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  return signals;
}

}  // namespace

void StopSignals::Block() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);  // a reader that went away is no reason to stop
}

StopSignals::StopSignals(std::function<void()> on_stop, std::function<void()> on_reload)
    : on_stop_(std::move(on_stop)), on_reload_(std::move(on_reload)), thread_([this] { Work(); }) {
  pthread_setname_np(thread_.native_handle(), "signals");
}

StopSignals::~StopSignals() {
  ending_.store(true);
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

void StopSignals::Work() {
  const sigset_t signals = Signals();
  bool asked = false;
  while (true) {
    int number = 0;
    if (sigwait(&signals, &number) != 0) continue;
    if (ending_.load()) return;
    if (number == SIGHUP && on_reload_) {
      on_reload_();
      continue;
    }
    if (asked) _exit(128 + number);
    asked = true;
    on_stop_();
  }
}

}  // namespace kaisar::checker
