#include "base/process_child.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "base/check.h"

namespace kaisar {
namespace {

// At a time, so that a loud process does not keep the others waiting.
constexpr std::size_t kReadBytes = 4'096;

}  // namespace

ChildProcess::ChildProcess(ProcessOrder order) : order_(std::move(order)) {}

bool ChildProcess::Spawn(std::uint64_t now_ns) {
  SpawnedProcess spawned = SpawnProcess(order_.spec.argv, order_.input.fd(), order_.output.fd());
  order_.input.Close();
  order_.output.Close();
  if (spawned.error != 0) {
    order_.ended({ProcessEnd::Cause::kNotStarted, spawned.error});
    return false;
  }
  process_ = spawned.process;
  exited_ = std::move(spawned.exited);
  kill_at_ns_ = now_ns + order_.spec.kill_after_ms * 1'000'000;
  return true;
}

std::optional<std::uint64_t> ChildProcess::kill_at_ns() const {
  if (killed_.has_value()) return std::nullopt;
  return kill_at_ns_;
}

void ChildProcess::Kill(ProcessEnd::Cause cause) {
  if (process_ < 0) return;  // reaped: its number may be another's
  if (!killed_.has_value()) killed_ = cause;
  kill(-process_, SIGKILL);
}

bool ChildProcess::ReadOutput() {
  if (!order_.lines.is_open()) return false;
  std::array<char, kReadBytes> bytes;
  const ssize_t count = read(order_.lines.fd(), bytes.data(), bytes.size());
  if (count <= 0) {
    if (count == 0) order_.lines.Close();  // else there is nothing yet
    return false;
  }
  const std::size_t limit = order_.spec.most_output_bytes - output_bytes_;
  std::size_t taken = static_cast<std::size_t>(count);
  if (taken > limit) {
    taken = limit;
    loud_ = true;
    Kill(ProcessEnd::Cause::kKilledLoud);
    order_.lines.Close();
  }
  output_bytes_ += taken;
  const std::size_t searched = rest_.size();
  rest_.append(bytes.data(), taken);
  TakeLines(searched);
  return !loud_;
}

void ChildProcess::TakeLines(std::size_t searched) {
  std::size_t start = 0;
  for (std::size_t end = rest_.find('\n', searched); end != std::string::npos;
       end = rest_.find('\n', start)) {
    order_.line(rest_.substr(start, end - start));
    start = end + 1;
  }
  rest_.erase(0, start);
}

ProcessEnd ChildProcess::Reap() {
  kill(-process_, SIGKILL);  // what it started and left behind
  siginfo_t info = {};
  const int result = waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED);
  KAISAR_CHECK(result == 0);  // nobody else reaps, and SIGCHLD is not ignored
  process_ = -1;
  if (info.si_code == CLD_EXITED) return {ProcessEnd::Cause::kExited, info.si_status};
  // It may have died of something else just before it was killed.
  if (killed_.has_value() && info.si_status == SIGKILL) return {*killed_, 0};
  return {ProcessEnd::Cause::kSignaled, info.si_status};
}

void ChildProcess::Finish() {
  ProcessEnd end = Reap();
  while (ReadOutput()) {
  }
  if (loud_) end = {ProcessEnd::Cause::kKilledLoud, 0};  // also when it was over before the kill
  exited_.Close();
  order_.lines.Close();
  order_.ended(end);
}

void ChildProcess::Discard() {
  Kill(ProcessEnd::Cause::kKilledOnDemand);
  Reap();
}

}  // namespace kaisar
