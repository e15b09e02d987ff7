#include "base/process_spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "base/process_runner.h"

namespace kaisar {
namespace {

// Of the child, until it is another program; it calls nothing that needs much.
constexpr std::size_t kStackBytes = 64 * 1024;

struct Plan {
  const char* path = nullptr;
  char* const* argv = nullptr;
  int input = -1;
  int output = -1;
  pid_t parent = -1;
  int error = 0;  // from the child
};

/// Only 0 to kProcessOutput stay open. Whatever numbers the parent's descriptors have, none of
/// those that are needed is overwritten before it is in place.
bool ArrangeDescriptors(const Plan& plan) {
  constexpr int kFirstFree = kProcessOutput + 1;
  const int input = fcntl(plan.input, F_DUPFD, kFirstFree);
  const int output = fcntl(plan.output, F_DUPFD, kFirstFree);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  return input >= 0 && output >= 0 && nowhere >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0 &&
         dup2(input, STDIN_FILENO) >= 0 && dup2(output, kProcessOutput) >= 0 &&
         close_range(kFirstFree, ~0U, 0) == 0;
}

/// The program starts as from a shell: ignored signals would stay ignored, blocked ones blocked.
void ResetSignals() {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Runs in the child, on a stack of its own but in the parent's memory, while the parent's thread
/// stands still: makes system calls, allocates nothing, takes no lock.
int BecomeProgram(void* argument) {
  Plan& plan = *static_cast<Plan*>(argument);
  setsid();  // so that Ctrl-C at the parent's terminal is for the parent alone
  // Told when the parent's thread ends; if that was before, the child has another parent by now.
  const bool watched = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == plan.parent;
  if (!watched) errno = ESRCH;
  if (watched && ArrangeDescriptors(plan)) {
    ResetSignals();
    execve(plan.path, plan.argv, environ);
  }
  plan.error = errno;
  return 127;  // which clone makes its exit status
}

}  // namespace

SpawnedProcess SpawnProcess(const std::vector<std::string>& argv, int input, int output) {
  std::vector<char*> pointers;
  for (const std::string& word : argv) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  Plan plan;
  plan.path = pointers.front();
  plan.argv = pointers.data();
  plan.input = input;
  plan.output = output;
  plan.parent = getpid();

  // As posix_spawn, which copies no page tables however large the parent is and runs no handlers
  // of fork; unlike it, this gives a pidfd and asks for the signal at the parent's death.
  std::vector<std::max_align_t> stack(kStackBytes / sizeof(std::max_align_t));
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  // No handler of ours may run in the child: it would act on the parent's memory.
  pthread_sigmask(SIG_SETMASK, &all, &before);
  SpawnedProcess spawned;
  int exited = -1;
  spawned.process = clone(BecomeProgram, stack.data() + stack.size(),
                          CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &plan, &exited);
  spawned.error = spawned.process < 0 ? errno : plan.error;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (spawned.process < 0) return spawned;
  spawned.exited = Descriptor(exited);
  if (spawned.error == 0) return spawned;
  waitpid(spawned.process, nullptr, 0);
  spawned.exited.Close();
  spawned.process = -1;
  return spawned;
}

}  // namespace kaisar
