// RunIperf with kaisar-iperf itself, as both daemons run it.
#include "challenges/bandwidth/iperf_process.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/descriptor.h"
#include "base/mutex.h"
#include "base/process_runner.h"
#include "challenges/bandwidth/throughput.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/process_runner_fixture.h"

namespace kaisar::challenges {
namespace {

using State = IperfOutcome::State;

constexpr std::uint64_t kBitsPerSecond = 80'000'000;

/// Runs one end of a test and waits for what it says.
class End {
 public:
  std::shared_ptr<Process> Run(ProcessRunner& runner, const IperfTask& task) {
    const char* const build = std::getenv("KAISAR_BINARY_DIR");
    return RunIperf(
        runner, std::string(build == nullptr ? "." : build) + "/challenges/kaisar-iperf", task,
        [this](IperfListening listening) {
          MutexLock lock(mutex_);
          listening_ = std::move(listening);
          changed_.SignalAll();
        },
        [this](IperfOutcome outcome) {
          MutexLock lock(mutex_);
          outcome_ = std::move(outcome);
          changed_.SignalAll();
        });
  }
  /// Result: port 0 when it ended without listening.
  IperfListening AwaitListening() {
    MutexLock lock(mutex_);
    while (!listening_.has_value() && !outcome_.has_value()) changed_.Wait(mutex_);
    return listening_.value_or(IperfListening());
  }
  IperfOutcome AwaitOutcome() {
    MutexLock lock(mutex_);
    while (!outcome_.has_value()) changed_.Wait(mutex_);
    return *outcome_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::optional<IperfListening> listening_ ABSL_GUARDED_BY(mutex_);
  std::optional<IperfOutcome> outcome_ ABSL_GUARDED_BY(mutex_);
};

class IperfRunTest : public ProcessRunnerTest {
 protected:
  static IperfTask ServerTask(std::uint32_t port) {
    IperfTask task;
    task.role = IperfTask::Role::kServer;
    task.ports = {port};
    task.user = std::string(64, 'a');
    task.password = std::string(64, 'b');
    task.only_from = "127.0.0.1";
    task.seconds = 1;
    task.streams = 1;
    task.bits_per_second = kBitsPerSecond;
    task.start_ms = 20'000;
    task.limit_ms = 40'000;
    return task;
  }
  static IperfTask ClientTask(const IperfListening& listening, v1::Direction direction) {
    IperfTask task = ServerTask(listening.port);
    task.role = IperfTask::Role::kClient;
    task.direction = direction;
    task.host = "127.0.0.1";
    task.rsa_public_key = listening.rsa_public_key;
    task.only_from.clear();
    return task;
  }
  TestCounts CountsOf(const IperfOutcome& outcome) {
    const absl::StatusOr<TestCounts> counts = ParseTestCounts(outcome.line);
    EXPECT_TRUE(counts.ok()) << counts.status() << " of " << outcome.line;
    return counts.value_or(TestCounts());
  }
};

TEST_F(IperfRunTest, BothDirectionsAreMeasuredWith1100DescriptorsOpen) {
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit more = {2'048, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &more), 0);
  std::vector<Descriptor> open_ones;
  for (int i = 0; i < 1'100; ++i) open_ones.emplace_back(open("/dev/null", O_RDONLY));
  ASSERT_GT(open_ones.back().fd(), 1'024);

  for (const v1::Direction direction : {v1::DOWN, v1::UP}) {
    End server;
    End client;
    server.Run(*runner_, ServerTask(0));
    const IperfListening listening = server.AwaitListening();
    ASSERT_NE(listening.port, 0U) << server.AwaitOutcome().detail;
    client.Run(*runner_, ClientTask(listening, direction));
    const IperfOutcome sent = client.AwaitOutcome();
    const IperfOutcome received = server.AwaitOutcome();
    EXPECT_EQ(sent.state, State::kCompleted) << sent.detail;
    EXPECT_EQ(received.state, State::kCompleted) << received.detail;
    const TestCounts counts = CountsOf(sent);
    const std::uint64_t rate =
        direction == v1::DOWN ? DownRate(counts, CountsOf(received)) : UpRate(counts);
    // That something was counted; how well is for the tests with a known link.
    EXPECT_GT(rate, kBitsPerSecond / 10);
    EXPECT_LT(rate, kBitsPerSecond * 10);
  }
  open_ones.clear();
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST_F(IperfRunTest, AServerThatIsKilledLeavesItsPort) {
  End first;
  const std::shared_ptr<Process> process = first.Run(*runner_, ServerTask(0));
  const std::uint32_t port = first.AwaitListening().port;
  process->Kill();
  EXPECT_EQ(first.AwaitOutcome().state, State::kUnable);
  EXPECT_THAT(first.AwaitOutcome().detail, ::testing::HasSubstr("killed on demand"));

  End second;
  const std::shared_ptr<Process> next = second.Run(*runner_, ServerTask(port));
  EXPECT_EQ(second.AwaitListening().port, port);
  next->Kill();
  second.AwaitOutcome();
}

TEST_F(IperfRunTest, AServerWithoutAPortSaysSo) {
  End first;
  const std::shared_ptr<Process> process = first.Run(*runner_, ServerTask(0));
  End second;
  second.Run(*runner_, ServerTask(first.AwaitListening().port));
  EXPECT_EQ(second.AwaitListening().port, 0U);
  EXPECT_EQ(second.AwaitOutcome().state, State::kUnable);
  EXPECT_THAT(second.AwaitOutcome().detail, ::testing::HasSubstr("port"));
  process->Kill();
  first.AwaitOutcome();
}

TEST_F(IperfRunTest, ATaskThatKaisarIperfRefusesIsOurOwnFault) {
  End end;
  IperfTask task = ServerTask(0);
  task.password = "not, letters";
  end.Run(*runner_, task);
  EXPECT_EQ(end.AwaitOutcome().state, State::kUnable);
  EXPECT_THAT(end.AwaitOutcome().detail,
              ::testing::HasSubstr("exited with status 2 without a result"));
}

TEST_F(IperfRunTest, ARunnerThatEndsTakesItsServersAlong) {
  End end;
  end.Run(*runner_, ServerTask(0));
  ASSERT_NE(end.AwaitListening().port, 0U);
  runner_.reset();  // the rest is for TearDown to see
}

}  // namespace
}  // namespace kaisar::challenges
