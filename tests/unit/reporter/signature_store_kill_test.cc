// The store's process is killed before each of its system calls in turn: whatever the moment, a
// slot has at most one signed digest per epoch.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <optional>
#include <vector>

#include "reporter/signature_store.h"
#include "tests/unit/reporter/temporary_store.h"

namespace kaisar::reporter {
namespace {

/// What came of one run that was to end at its n-th system call.
struct TracedRun {
  bool traced = true;                  // false when the system does not let us
  bool finished = false;               // it ended on its own: it has fewer calls
  std::optional<Signature> signature;  // as it left the process
  std::vector<std::uint64_t> calls;
};

/// In the child: signs under the eyes of the parent and sends the signature out.
[[noreturn]] void SignAndSend(const std::string& path, int out) {
  auto store = SignatureStore::Open(path);
  if (!store.ok() || ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(99);
  raise(SIGSTOP);
  const auto signature = (*store)->Sign(TestReport(7, 1), TestKey());
  if (!signature.ok()) _exit(98);
  if (write(out, signature->data(), signature->size()) != 65) _exit(97);
  _exit(0);
}

TracedRun KillAtCall(const std::string& path, int kill_at) {
  TracedRun run;
  std::array<int, 2> ends;
  EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const pid_t process = fork();
  if (process == 0) SignAndSend(path, ends[1]);
  close(ends[1]);
  int status = 0;
  EXPECT_EQ(waitpid(process, &status, 0), process);
  run.traced = WIFSTOPPED(status);
  if (run.traced) ptrace(PTRACE_SETOPTIONS, process, nullptr, PTRACE_O_TRACESYSGOOD);
  bool entering = true;  // each call stops twice: before and after
  while (run.traced && !WIFEXITED(status) && !WIFSIGNALED(status)) {
    ptrace(PTRACE_SYSCALL, process, nullptr, nullptr);
    if (waitpid(process, &status, 0) != process) break;
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != (SIGTRAP | 0x80)) continue;
    if (entering) {
      __ptrace_syscall_info info{};
      ptrace(PTRACE_GET_SYSCALL_INFO, process, sizeof(info), &info);
      run.calls.push_back(info.entry.nr);
      if (static_cast<int>(run.calls.size()) == kill_at) kill(process, SIGKILL);
    }
    entering = !entering;
  }
  run.finished = WIFEXITED(status);
  EXPECT_TRUE(!run.traced || !run.finished || WEXITSTATUS(status) == 0);
  Signature signature;
  if (read(ends[0], signature.data(), signature.size()) == 65) run.signature = signature;
  close(ends[0]);
  return run;
}

TEST(SignatureStore, NeverSignsTwoReportsOfAnEpochWhereverItIsKilled) {
  int kept = 0;
  int lost = 0;
  for (int kill_at = 1;; ++kill_at) {
    ASSERT_LT(kill_at, 1000);
    const TemporaryStore place;
    ASSERT_TRUE(SignatureStore::Initialize(place.path()).ok());
    const TracedRun run = KillAtCall(place.path(), kill_at);
    if (!run.traced) GTEST_SKIP() << "SKIPPED: this system lets no process trace its child";
    if (run.finished) {
      EXPECT_TRUE(run.signature.has_value());
      break;
    }
    const auto opened = SignatureStore::Open(place.path());
    ASSERT_TRUE(opened.ok()) << "killed at call " << kill_at << ": " << opened.status();
    const auto other = (*opened)->Sign(TestReport(7, 2), TestKey());
    const auto same = (*opened)->Sign(TestReport(7, 1), TestKey());
    EXPECT_NE(other.ok(), same.ok()) << "killed at call " << kill_at;
    if (run.signature.has_value()) {
      EXPECT_FALSE(other.ok()) << "killed at call " << kill_at;
      EXPECT_EQ(same.value(), *run.signature);
    }
    ++(same.ok() ? kept : lost);
  }
  // Both sides of the commit were met.
  EXPECT_GT(kept, 0);
  EXPECT_GT(lost, 3);
}

TEST(SignatureStore, SyncsTheRowBeforeTheSignatureLeaves) {
  const TemporaryStore place;
  ASSERT_TRUE(SignatureStore::Initialize(place.path()).ok());
  const TracedRun run = KillAtCall(place.path(), 0);
  if (!run.traced) GTEST_SKIP() << "SKIPPED: this system lets no process trace its child";
  ASSERT_TRUE(run.finished && run.signature.has_value());
  // The last write is the one to us; between it and the end, sanitizers have calls of their own.
  const auto sent = std::find(run.calls.rbegin(), run.calls.rend(), std::uint64_t{SYS_write});
  ASSERT_NE(sent, run.calls.rend());
  int syncs = 0;
  bool unsynced = false;  // something was written into the store since the last sync
  for (const std::uint64_t call : std::vector(run.calls.begin(), std::prev(sent.base()))) {
    if (call == SYS_pwrite64 || call == SYS_write || call == SYS_ftruncate) unsynced = true;
    if (call == SYS_fdatasync || call == SYS_fsync) {
      unsynced = false;
      ++syncs;
    }
  }
  EXPECT_GE(syncs, 2);  // the journal, then the store
  EXPECT_FALSE(unsynced);
}

}  // namespace
}  // namespace kaisar::reporter
