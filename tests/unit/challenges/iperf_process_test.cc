#include "challenges/bandwidth/iperf_process.h"

#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_process_runner.h"
#include "tests/support/iperf_scripts.h"

namespace kaisar::challenges {
namespace {

using testing::ClientScript;
using testing::CrashScript;
using testing::OutcomeLine;
using testing::ProcessScript;
using testing::ServerScript;
using State = IperfOutcome::State;
using ::testing::HasSubstr;

constexpr char kPath[] = "/usr/bin/kaisar-iperf";
constexpr char kKey[] = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n";

class IperfProcessTest : public ::testing::Test {
 protected:
  static IperfTask Task(IperfTask::Role role) {
    IperfTask task;
    task.role = role;
    task.direction = v1::DOWN;
    task.ports = {5201};
    task.user = std::string(64, 'a');
    task.password = std::string(64, 'b');
    task.seconds = 5;
    task.streams = 1;
    task.bits_per_second = 110'000'000;
    task.start_ms = 5'000;
    task.limit_ms = 16'000;
    if (role == IperfTask::Role::kClient) {
      task.host = "127.0.0.1";
      task.rsa_public_key = kKey;
    }
    return task;
  }

  std::shared_ptr<Process> Run(IperfTask::Role role) {
    return RunIperf(
        runner_, kPath, Task(role),
        [this](IperfListening listening) { listened_.push_back(std::move(listening)); },
        [this](IperfOutcome outcome) { outcomes_.push_back(std::move(outcome)); });
  }
  /// Runs a whole one.
  void RunScript(IperfTask::Role role, ProcessScript script) {
    runner_.ScriptNext(std::move(script));
    ASSERT_NE(Run(role), nullptr);
    clock_.Advance(60'000);
    ASSERT_EQ(outcomes_.size(), 1U);
  }
  void ExpectUnable(const std::string& detail) {
    ASSERT_EQ(outcomes_.size(), 1U);
    EXPECT_EQ(outcomes_[0].state, State::kUnable);
    EXPECT_THAT(outcomes_[0].detail, HasSubstr(detail));
    EXPECT_EQ(outcomes_[0].line, "");
  }

  testing::FakeClock clock_{1'750'000'000'000};
  testing::FakeProcessRunner runner_{clock_};
  std::vector<IperfListening> listened_;
  std::vector<IperfOutcome> outcomes_;
};

TEST_F(IperfProcessTest, AServerListensAndThenGivesItsLastLine) {
  const std::string last = OutcomeLine(State::kCompleted, "", {1, 2, 5'000, 5'000, 0, 0, 0});
  runner_.ScriptNext(ServerScript(5203, kKey, 6'500, last));
  const std::shared_ptr<Process> process = Run(IperfTask::Role::kServer);
  clock_.Advance(0);
  ASSERT_EQ(listened_.size(), 1U);
  EXPECT_EQ(listened_[0].port, 5203U);
  EXPECT_EQ(listened_[0].rsa_public_key, kKey);
  EXPECT_TRUE(outcomes_.empty());
  clock_.Advance(6'500);
  ASSERT_EQ(outcomes_.size(), 1U);
  EXPECT_EQ(outcomes_[0].state, State::kCompleted);
  EXPECT_EQ(outcomes_[0].line, last);
}

TEST_F(IperfProcessTest, AProcessGetsItsTaskOnStandardInputAndItsLimitsFromIt) {
  const std::shared_ptr<Process> process = Run(IperfTask::Role::kClient);
  ASSERT_EQ(runner_.Records().size(), 1U);
  const ProcessSpec spec = runner_.Records()[0].spec;
  EXPECT_EQ(spec.argv, std::vector<std::string>{kPath});
  const IperfTask task = testing::TaskOf(spec);
  EXPECT_EQ(task.role, IperfTask::Role::kClient);
  EXPECT_EQ(task.password, std::string(64, 'b'));
  EXPECT_EQ(task.bits_per_second, 110'000'000U);
  EXPECT_EQ(spec.kill_after_ms, 18'000U);
  EXPECT_EQ(spec.most_output_bytes, 65'536U);
}

TEST_F(IperfProcessTest, AServerThatCannotListenSaysSoWithItsLastLine) {
  RunScript(IperfTask::Role::kServer,
            ClientScript(10, OutcomeLine(State::kUnable, "no free port in 5201 to 5210")));
  EXPECT_TRUE(listened_.empty());
  EXPECT_EQ(outcomes_[0].state, State::kUnable);
  EXPECT_EQ(outcomes_[0].detail, "no free port in 5201 to 5210");
}

TEST_F(IperfProcessTest, ABadResultIsAResult) {
  RunScript(IperfTask::Role::kClient,
            ClientScript(10, OutcomeLine(State::kNoConnection, "connection refused")));
  EXPECT_EQ(outcomes_[0].state, State::kNoConnection);
  EXPECT_EQ(outcomes_[0].detail, "connection refused");
}

TEST_F(IperfProcessTest, AProcessThatHangsIsKilledTwoSecondsAfterItsLimit) {
  const std::shared_ptr<Process> process = Run(IperfTask::Role::kClient);
  clock_.Advance(17'999);
  EXPECT_TRUE(outcomes_.empty());
  clock_.Advance(1);
  ExpectUnable("was killed after 18000 ms");
}

TEST_F(IperfProcessTest, AProcessThatCrashesIsUnable) {
  RunScript(IperfTask::Role::kClient, CrashScript(700, SIGSEGV));
  ExpectUnable("was ended by signal 11");
}

TEST_F(IperfProcessTest, AProcessThatExitsWithoutAResultIsUnable) {
  ProcessScript script;
  script.ends_after_ms = 5;
  RunScript(IperfTask::Role::kClient, script);
  ExpectUnable("exited with status 0 without a result");
}

TEST_F(IperfProcessTest, AResultOfAProcessThatThenFailsDoesNotCount) {
  ProcessScript script = ClientScript(5, OutcomeLine(State::kCompleted, ""));
  script.end = {ProcessEnd::Cause::kExited, 1};
  RunScript(IperfTask::Role::kClient, script);
  ExpectUnable("exited with status 1 after its result");
}

TEST_F(IperfProcessTest, AResultOfAProcessThatThenCrashesDoesNotCount) {
  ProcessScript script = ClientScript(5, OutcomeLine(State::kCompleted, ""));
  script.end = {ProcessEnd::Cause::kSignaled, SIGABRT};
  RunScript(IperfTask::Role::kClient, script);
  ExpectUnable("was ended by signal 6");
}

TEST_F(IperfProcessTest, AProcessThatPrintsGarbageIsKilled) {
  ProcessScript script;
  script.lines = {{1, std::string("\x7f"
                                  "ELF\0\xff",
                                  6)}};
  RunScript(IperfTask::Role::kClient, script);
  ExpectUnable("kaisar-iperf wrote: ");
  EXPECT_EQ(runner_.Records()[0].kills, 1U);
  EXPECT_EQ(outcomes_[0].detail.find('\x7f'), std::string::npos);
}

TEST_F(IperfProcessTest, AServerThatListensTwiceIsKilled) {
  ProcessScript script = ServerScript(5201, kKey, 100, OutcomeLine(State::kCompleted, ""));
  script.lines.insert(script.lines.begin(), script.lines.front());
  RunScript(IperfTask::Role::kServer, script);
  EXPECT_EQ(listened_.size(), 1U);
  ExpectUnable("kaisar-iperf wrote: ");
  EXPECT_EQ(runner_.Records()[0].kills, 1U);
}

TEST_F(IperfProcessTest, AClientThatListensIsKilled) {
  RunScript(IperfTask::Role::kClient,
            ServerScript(5201, kKey, 100, OutcomeLine(State::kCompleted, "")));
  EXPECT_TRUE(listened_.empty());
  ExpectUnable("kaisar-iperf wrote: ");
}

TEST_F(IperfProcessTest, ALineAfterTheLastOneSpoilsTheResult) {
  ProcessScript script = ClientScript(5, OutcomeLine(State::kCompleted, ""));
  script.lines.push_back(script.lines.back());
  RunScript(IperfTask::Role::kClient, script);
  ExpectUnable("a line after its last one");
}

TEST_F(IperfProcessTest, AProcessThatWritesMoreThanItMayIsKilled) {
  ProcessScript script;
  script.lines = {{1, std::string(65'536, 'x')}};
  RunScript(IperfTask::Role::kClient, script);
  ExpectUnable("wrote more than 65536 bytes");
}

TEST_F(IperfProcessTest, AProcessIsKilledOnDemandAndItsEndStillComes) {
  const std::shared_ptr<Process> process = Run(IperfTask::Role::kServer);
  clock_.Advance(100);
  process->Kill();
  EXPECT_TRUE(outcomes_.empty());
  clock_.Advance(0);
  ExpectUnable("was killed on demand");
  process->Kill();  // nothing is left to kill
  clock_.Advance(60'000);
  EXPECT_EQ(outcomes_.size(), 1U);
  EXPECT_EQ(runner_.Running(), 0U);
}

TEST_F(IperfProcessTest, AMissingExecutableIsUnableAtOnce) {
  ProcessScript script;
  script.start = absl::NotFoundError("cannot execute /usr/bin/kaisar-iperf: No such file");
  runner_.ScriptNext(script);
  EXPECT_EQ(Run(IperfTask::Role::kServer), nullptr);
  ExpectUnable("cannot execute /usr/bin/kaisar-iperf: No such file");
}

TEST_F(IperfProcessTest, AProcessThatCouldNotBeMadeIsUnable) {
  ProcessScript script;
  script.ends_after_ms = 0;
  script.end = {ProcessEnd::Cause::kNotStarted, ENOEXEC};
  RunScript(IperfTask::Role::kServer, script);
  ExpectUnable("cannot be started from /usr/bin/kaisar-iperf: Exec format error");
}

TEST_F(IperfProcessTest, LettingGoOfAProcessDoesNotEndIt) {
  runner_.ScriptNext(ClientScript(6'000, OutcomeLine(State::kCompleted, "")));
  Run(IperfTask::Role::kClient).reset();
  clock_.Advance(6'000);
  ASSERT_EQ(outcomes_.size(), 1U);
  EXPECT_EQ(outcomes_[0].state, State::kCompleted);
}

/// Says garbage while it is being started, on another thread, as a real one may.
class HastyRunner final : public ProcessRunner {
 public:
  absl::StatusOr<std::shared_ptr<Process>> Start(ProcessSpec, OnLine line, OnEnd ended) override {
    std::thread([&line] { line("garbage"); }).join();
    ended_ = std::move(ended);
    return std::make_shared<Killable>(*this);
  }
  void End() { ended_({ProcessEnd::Cause::kKilledOnDemand, 0}); }
  int kills = 0;

 private:
  class Killable final : public Process {
   public:
    explicit Killable(HastyRunner& runner) : runner_(runner) {}
    void Kill() override { ++runner_.kills; }

   private:
    HastyRunner& runner_;
  };
  OnEnd ended_;
};

TEST_F(IperfProcessTest, GarbageThatComesBeforeStartReturnsKillsTheProcessToo) {
  HastyRunner runner;
  const std::shared_ptr<Process> process = RunIperf(
      runner, kPath, Task(IperfTask::Role::kClient), [](IperfListening) {},
      [this](IperfOutcome outcome) { outcomes_.push_back(std::move(outcome)); });
  EXPECT_EQ(runner.kills, 1);
  runner.End();
  ExpectUnable("kaisar-iperf wrote: ");
}

TEST(DefaultIperfPathTest, IsBesideThisProgram) {
  const std::string path = DefaultIperfPath();
  EXPECT_EQ(path.front(), '/');
  EXPECT_THAT(path, ::testing::EndsWith("/kaisar-iperf"));
  EXPECT_THAT(path, HasSubstr("/tests/unit/challenges/"));
}

}  // namespace
}  // namespace kaisar::challenges
