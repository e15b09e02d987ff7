// What remains of processes, of their runner and of its own process: nothing.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/descriptor.h"
#include "base/process_runner.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/process_runner_fixture.h"

namespace kaisar {
namespace {

using Cause = ProcessEnd::Cause;
using ::testing::ElementsAre;

/// Waits for a process that became ours when its parent died.
int AwaitSignalOf(const std::string& process) {
  int number = 0;
  int status = 0;
  EXPECT_TRUE(absl::SimpleAtoi(process, &number));
  EXPECT_EQ(waitpid(number, &status, 0), number);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/// What processes leave behind becomes ours, so that its end can be seen.
class ProcessLeftoversTest : public ProcessRunnerTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    ProcessRunnerTest::SetUp();
  }
  void TearDown() override {
    ProcessRunnerTest::TearDown();
    ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
  }
};

TEST_F(ProcessLeftoversTest, ThirtyTwoAtOnceEachTellTheirOwn) {
  constexpr int kCount = 32;
  std::vector<std::unique_ptr<Listener>> listeners;
  for (int i = 0; i < kCount; ++i) {
    listeners.push_back(std::make_unique<Listener>());
    // Long enough that they run side by side.
    ProcessSpec spec = Shell(absl::StrCat("echo ", i, " >&3; sleep 0.2; cat >&3; exit ", i));
    spec.input = absl::StrCat("input of ", i, "\n");
    Start(spec, *listeners.back());
  }
  for (int i = 0; i < kCount; ++i) {
    ExpectEnd(listeners[static_cast<std::size_t>(i)]->AwaitEnd(), Cause::kExited, i);
    EXPECT_THAT(listeners[static_cast<std::size_t>(i)]->lines(),
                ElementsAre(absl::StrCat(i), absl::StrCat("input of ", i)));
  }
}

TEST_F(ProcessLeftoversTest, TheDestructorKillsAndReapsWithoutAWord) {
  std::vector<std::unique_ptr<Listener>> listeners;
  std::vector<std::shared_ptr<Process>> processes;
  for (int i = 0; i < 8; ++i) {
    listeners.push_back(std::make_unique<Listener>());
    processes.push_back(
        Start(Shell("trap '' TERM; echo $$ >&3; exec sleep 1000"), *listeners.back()));
  }
  std::vector<int> numbers(4);
  for (std::size_t i = 0; i < numbers.size(); ++i) {  // the others may not have been made yet
    ASSERT_TRUE(absl::SimpleAtoi(listeners[i]->AwaitLine(), &numbers[i]));
  }
  runner_.reset();
  for (const int number : numbers) EXPECT_EQ(kill(number, 0), -1) << number;
  for (const auto& listener : listeners) EXPECT_EQ(listener->ends(), 0U);
  for (const auto& process : processes) process->Kill();  // there is nobody to do it
}

TEST_F(ProcessLeftoversTest, WhatAProcessLeavesBehindInItsSessionIsKilled) {
  Listener listener;
  Start(Shell("sleep 30 & echo $! >&3; exit 0"), listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kExited, 0);
  EXPECT_EQ(AwaitSignalOf(listener.AwaitLine()), SIGKILL);
}

TEST_F(ProcessLeftoversTest, WhoeverLeftItsSessionWithItsOutputDoesNotDelayTheEnd) {
  Listener listener;
  Start(Shell("setsid sleep 30 & "
              "while read -r p c s pp g session rest </proc/$!/stat; [ $session != $! ]; do :; "
              "done; echo $! >&3; exit 0"),
        listener);
  ExpectEnd(listener.AwaitEnd(), Cause::kExited, 0);
  int number = 0;
  ASSERT_TRUE(absl::SimpleAtoi(listener.AwaitLine(), &number));
  EXPECT_EQ(kill(number, SIGTERM), 0);
  EXPECT_EQ(AwaitSignalOf(listener.AwaitLine()), SIGTERM);
}

TEST_F(ProcessLeftoversTest, AProcessOutlivesTheThreadThatStartedIt) {
  Listener listener;
  std::thread([&] { Start(Shell("sleep 0.2; echo alive >&3"), listener); }).join();
  ExpectEnd(listener.AwaitEnd(), Cause::kExited, 0);
  EXPECT_THAT(listener.lines(), ElementsAre("alive"));
}

TEST_F(ProcessLeftoversTest, AnEndMayStartTheNext) {
  Listener second;
  const absl::Status status = runner_
                                  ->Start(
                                      Shell("exit 0"), [](const std::string&) {},
                                      [&](ProcessEnd) { Start(Shell("echo next >&3"), second); })
                                  .status();
  ASSERT_TRUE(status.ok()) << status;
  ExpectEnd(second.AwaitEnd(), Cause::kExited, 0);
  EXPECT_THAT(second.lines(), ElementsAre("next"));
}

TEST_F(ProcessLeftoversTest, AnIgnoredSigchldThatWasInheritedDoesNoHarm) {
  signal(SIGCHLD, SIG_IGN);
  {
    const std::unique_ptr<ProcessRunner> runner = *MakeProcessRunner();
    Listener listener;
    ASSERT_TRUE(runner->Start(Shell("exit 4"), listener.OnLine(), listener.OnEnd()).ok());
    ExpectEnd(listener.AwaitEnd(), Cause::kExited, 4);
  }
  signal(SIGCHLD, SIG_DFL);
}

/// Starts a process and tells its number on `tell`; then hangs.
[[noreturn]] void BeAParent(int tell) {
  const std::unique_ptr<ProcessRunner> runner = *MakeProcessRunner();
  Listener listener;
  const auto process = runner->Start(Shell("trap '' TERM HUP; echo $$ >&3; exec sleep 30"),
                                     listener.OnLine(), listener.OnEnd());
  const std::string line = process.ok() ? listener.AwaitLine() : "none";
  if (write(tell, line.data(), line.size()) < 0) _exit(1);
  while (true) pause();
}

TEST_F(ProcessLeftoversTest, AProcessIsKilledWhenItsParentDies) {
  std::array<int, 2> ends;
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor told(ends[0]);
  Descriptor tell(ends[1]);
  const pid_t parent = fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) BeAParent(tell.fd());
  tell.Close();
  std::array<char, 32> number;
  const ssize_t count = read(told.fd(), number.data(), number.size());
  ASSERT_GT(count, 0);
  ASSERT_EQ(kill(parent, SIGKILL), 0);
  ASSERT_EQ(waitpid(parent, nullptr, 0), parent);
  EXPECT_EQ(AwaitSignalOf(std::string(number.data(), static_cast<std::size_t>(count))), SIGKILL);
}

}  // namespace
}  // namespace kaisar
