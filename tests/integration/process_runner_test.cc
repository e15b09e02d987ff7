#include "base/process_runner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/process_runner_fixture.h"

namespace kaisar {
namespace {

using Cause = ProcessEnd::Cause;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::Status StartError(ProcessRunner& runner, const std::string& path) {
  ProcessSpec spec = Shell("");
  spec.argv = {path};
  const auto no_line = [](const std::string&) { ADD_FAILURE(); };
  const auto no_end = [](ProcessEnd) { ADD_FAILURE(); };
  return runner.Start(std::move(spec), no_line, no_end).status();
}

TEST_F(ProcessRunnerTest, GivesInputAndReadsLinesThenTheExitStatus) {
  Listener listener;
  ProcessSpec spec = Shell("cat >&3; echo to nobody; exit 7");
  spec.input = "first\n\nthird\n";
  Start(spec, listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kExited, 7);
  EXPECT_THAT(listener.lines(), ElementsAre("first", "", "third"));
}

TEST_F(ProcessRunnerTest, HalfALineIsNoLine) {
  Listener listener;
  Start(Shell("printf 'whole\\nhalf' >&3"), listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kExited, 0);
  EXPECT_THAT(listener.lines(), ElementsAre("whole"));
}

TEST_F(ProcessRunnerTest, AProcessThatHangsIsKilledWhenItIsLate) {
  Listener listener;
  ProcessSpec spec = Shell("exec sleep 1000");
  spec.kill_after_ms = 100;
  const std::uint64_t start_ns = RealClock().MonotonicNs();
  Start(spec, listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kKilledLate, 0);
  EXPECT_GE(RealClock().MonotonicNs() - start_ns, 100'000'000U);
}

TEST_F(ProcessRunnerTest, AProcessThatIgnoresSignalsIsKilledAllTheSame) {
  Listener listener;
  ProcessSpec spec = Shell("trap '' TERM INT HUP; echo >&3; kill -STOP $$");
  spec.kill_after_ms = 200;
  Start(spec, listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kKilledLate, 0);
}

TEST_F(ProcessRunnerTest, AProcessThatCrashesTellsItsSignal) {
  Listener listener;
  Start(Shell("ulimit -c 0; echo before >&3; kill -SEGV $$"), listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kSignaled, SIGSEGV);
  EXPECT_THAT(listener.lines(), ElementsAre("before"));
}

TEST_F(ProcessRunnerTest, ASignalThatIsNotOursIsToldApartFromAKill) {
  Listener listener;
  Start(Shell("kill -KILL $$"), listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kSignaled, SIGKILL);
}

TEST_F(ProcessRunnerTest, AProcessThatPrintsMegabytesIsKilled) {
  Listener listener;
  ProcessSpec spec = Shell("exec yes 'a line of garbage' >&3");
  Start(spec, listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kKilledLoud, 0);
  // Whatever is within the limit still comes, and nothing that is beyond.
  EXPECT_EQ(listener.lines().size(), 65'536U / sizeof("a line of garbage"));
}

TEST_F(ProcessRunnerTest, AProcessThatPrintsALineWithoutEndIsKilled) {
  Listener listener;
  Start(Shell("exec head -c 3000000 /dev/zero >&3"), listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kKilledLoud, 0);
  EXPECT_THAT(listener.lines(), IsEmpty());
}

TEST_F(ProcessRunnerTest, BinaryGarbageComesAsItIs) {
  Listener listener;
  Start(Shell("printf '\\000\\377\\r\\n' >&3"), listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kExited, 0);
  EXPECT_THAT(listener.lines(), ElementsAre(std::string("\0\xff\r", 3)));
}

TEST_F(ProcessRunnerTest, OutputUpToTheLimitIsNotTooMuch) {
  Listener listener;
  ProcessSpec spec = Shell("printf 'one\\ntwo\\n' >&3");
  spec.most_output_bytes = 8;
  Start(spec, listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kExited, 0);
  EXPECT_THAT(listener.lines(), ElementsAre("one", "two"));
}

/// Takes lines only once the process, whose first line is its number, has exited.
ProcessRunner::OnLine AfterExit(ProcessRunner::OnLine line) {
  return [then = std::move(line), first = true](std::string text) mutable {
    int number = 0;
    if (std::exchange(first, false) && absl::SimpleAtoi(text, &number)) {
      siginfo_t info = {};
      EXPECT_EQ(waitid(P_PID, static_cast<id_t>(number), &info, WEXITED | WNOWAIT), 0);
    }
    then(std::move(text));
  };
}

TEST_F(ProcessRunnerTest, WhatAProcessWroteBeforeItsEndComesThoughItWasFaster) {
  Listener listener;
  ProcessSpec spec = Shell("echo $$ >&3; head -c 50000 /dev/zero | tr '\\000' '\\n' >&3");
  ASSERT_TRUE(runner_->Start(spec, AfterExit(listener.OnLine()), listener.OnEnd()).ok());
  ExpectEnd(listener.AwaitEnd(), Cause::kExited, 0);
  EXPECT_EQ(listener.lines().size(), 50'001U);
}

TEST_F(ProcessRunnerTest, TooMuchOutputIsTooMuchThoughTheProcessWasFaster) {
  Listener listener;
  ProcessSpec spec = Shell("echo $$ >&3; head -c 50000 /dev/zero | tr '\\000' '\\n' >&3");
  spec.most_output_bytes = 40'000;
  ASSERT_TRUE(runner_->Start(spec, AfterExit(listener.OnLine()), listener.OnEnd()).ok());
  ExpectEnd(listener.AwaitEnd(), Cause::kKilledLoud, 0);
  EXPECT_LT(listener.lines().size(), 40'000U);
}

TEST_F(ProcessRunnerTest, AProcessThatSaysNothingJustEnds) {
  Listener listener;
  Start(Shell("exit 0"), listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kExited, 0);
  EXPECT_THAT(listener.lines(), IsEmpty());
}

TEST_F(ProcessRunnerTest, AProcessThatClosesItsOutputIsStillWaitedFor) {
  Listener listener;
  Start(Shell("exec 3>&-; sleep 0.1; exit 5"), listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kExited, 5);
}

TEST_F(ProcessRunnerTest, InputThatIsNeverReadHoldsNobodyUp) {
  Listener listener;
  ProcessSpec spec = Shell("exit 3");
  spec.input = std::string(1'000'000, 'x');
  Start(spec, listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kExited, 3);
}

TEST_F(ProcessRunnerTest, KillsOnDemandAndStillTellsTheEnd) {
  Listener listener;
  const std::shared_ptr<Process> process = Start(Shell("echo >&3; sleep 1000"), listener);
  listener.AwaitLine();
  process->Kill();
  ExpectEnd(listener.AwaitEnd(), Cause::kKilledOnDemand, 0);
  process->Kill();  // nothing is left to kill
}

TEST_F(ProcessRunnerTest, AKillMayComeBeforeTheProcessIsMade) {
  for (int i = 0; i < 20; ++i) {
    Listener listener;
    Start(Shell("sleep 1000"), listener)->Kill();
    ExpectEnd(listener.AwaitEnd(), Cause::kKilledOnDemand, 0);
  }
}

TEST_F(ProcessRunnerTest, AMissingExecutableIsNotFound) {
  const absl::Status status = StartError(*runner_, "/nowhere/kaisar-iperf");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("cannot execute /nowhere/kaisar-iperf: No such file"));
}

TEST_F(ProcessRunnerTest, AFileOrFolderThatIsNotExecutableIsDenied) {
  EXPECT_EQ(StartError(*runner_, "/etc/passwd").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(StartError(*runner_, "/etc").code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(ProcessRunnerTest, AnExecutableThatIsNoProgramIsNotStarted) {
  const std::string path = ::testing::TempDir() + "/no_program";
  std::ofstream(path) << "neither ELF nor #!";
  ASSERT_EQ(chmod(path.c_str(), 0700), 0);
  Listener listener;
  ProcessSpec spec = Shell("");
  spec.argv = {path};
  Start(spec, listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kNotStarted, ENOEXEC);
  std::filesystem::remove(path);
}

/// Changes the soft limit of descriptors for a scope.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t limit) {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    EXPECT_GE(before_.rlim_max, limit);
    const rlimit changed = {limit, before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &changed), 0);
  }
  ~DescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_ = {};
};

TEST_F(ProcessRunnerTest, WithoutDescriptorsThereIsNoProcess) {
  const DescriptorLimit limit(descriptors_);
  EXPECT_EQ(StartError(*runner_, "/bin/true").code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ProcessRunnerTest, AParentWith1100DescriptorsOpenHandsOnNone) {
  const DescriptorLimit limit(2048);
  std::vector<Descriptor> open_ones;
  for (int i = 0; i < 1'100; ++i) open_ones.emplace_back(open("/dev/null", O_RDONLY));
  ASSERT_GT(open_ones.back().fd(), 1'024);
  Listener listener;
  Start(Shell("i=0; while [ $i -lt 1200 ]; do [ -e /proc/self/fd/$i ] && echo $i >&3; "
              "i=$((i+1)); done; [ /proc/self/fd/1 -ef /dev/null ] && echo nowhere >&3"),
        listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kExited, 0);
  EXPECT_THAT(listener.lines(), ElementsAre("0", "1", "2", "3", "nowhere"));
}

TEST_F(ProcessRunnerTest, SignalsAreAsFromAShellAndTheSessionIsItsOwn) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigaddset(&blocked, SIGINT);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
  const auto handler = signal(SIGPIPE, SIG_IGN);
  {
    // As in a daemon, whose threads inherit what main blocked.
    const std::unique_ptr<ProcessRunner> runner = *MakeProcessRunner();
    Listener listener;
    const absl::Status status =
        runner
            ->Start(Shell("while read -r k v; do case $k in SigBlk:|SigIgn:) echo $k $v >&3;; "
                          "esac; done </proc/$$/status; read -r p c s pp g session rest "
                          "</proc/$$/stat; [ $session = $$ ] && echo session >&3"),
                    listener.OnLine(), listener.OnEnd())
            .status();
    ASSERT_TRUE(status.ok()) << status;
    ExpectEnd(listener.AwaitEnd(), Cause::kExited, 0);
    EXPECT_THAT(listener.lines(),
                ElementsAre("SigBlk: 0000000000000000", "SigIgn: 0000000000000000", "session"));
  }
  signal(SIGPIPE, handler);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace kaisar
