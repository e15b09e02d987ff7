// An engine whose GPU is served by another process, and what becomes of either.
#include "kernels/gpu_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "kernels/host_engine.h"

namespace kaisar::kernels {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint32_t kSize = 256;
constexpr std::uint32_t kRounds = 5;

bool Never() {
  return false;
}

Digest SeedOf(std::uint8_t byte) {
  Digest seed;
  seed.fill(byte);
  return seed;
}

class GpuProcessTest : public ::testing::Test {
 protected:
  using States = absl::StatusOr<std::unique_ptr<ProofStates>>;

  void SetUp() override {
    std::string folder = ::testing::TempDir() + "gpu_process_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override {
    engine_.reset();
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
    std::filesystem::remove_all(folder_);
  }

  std::string PidFile() const { return folder_ + "/pids"; }

  GpuProcessOptions Worker(std::vector<std::string> arguments) const {
    GpuProcessOptions options;
    options.argv = {KAISAR_FAKE_GPU_WORKER, "gpu-worker", "--gpu", "GPU-1", "--pids", PidFile()};
    options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
    options.gpu = "GPU-1";
    options.cancel_ms = 300;
    options.answer_ms = 20'000;  // only ends what hangs
    options.kill_ms = 20'000;
    options.rest_ms = 0;
    return options;
  }

  /// As Worker, but only the first process is like that.
  GpuProcessOptions FirstWorker(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--once", folder_ + "/once"});
    return Worker(arguments);
  }

  void Make(const GpuProcessOptions& options) {
    auto engine = MakeGpuProcessEngine(options);
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
  }

  States Prove(const Digest& seed, const std::function<bool()>& cancelled = Never) {
    return engine_->Prove(seed, kSize, kRounds, cancelled);
  }

  void ExpectHonest(std::uint8_t seed) { ExpectHonest(*engine_, seed); }
  static void ExpectHonest(MatmulEngine& engine, std::uint8_t seed) {
    const States states = engine.Prove(SeedOf(seed), kSize, kRounds, Never);
    ASSERT_TRUE(states.ok()) << states.status();
    const auto host_engine = MakeCpuEngine(1);
    const auto host = host_engine->Prove(SeedOf(seed), kSize, kRounds, Never);
    EXPECT_EQ((*states)->roots(), (*host)->roots());
    const std::vector<StateNode> nodes = {{.state = 5, .level = 0, .index = 255},
                                          {.state = 1, .level = 8, .index = 0},
                                          {.state = 3, .level = 4, .index = 7}};
    const auto opened = (*states)->Open(nodes);
    const auto expected = (*host)->Open(nodes);
    ASSERT_TRUE(opened.ok()) << opened.status();
    ASSERT_EQ(opened->size(), nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      EXPECT_TRUE(opened->at(i).elements == expected->at(i).elements) << i;
      EXPECT_EQ(opened->at(i).path, expected->at(i).path) << i;
    }
  }

  void ExpectUnavailable(const absl::Status& status, const std::string& told) {
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("GPU-1: "), HasSubstr(told)));
  }

  std::vector<pid_t> Pids() const {
    std::vector<pid_t> pids;
    std::ifstream file(PidFile());
    for (pid_t pid = 0; file >> pid;) pids.push_back(pid);
    return pids;
  }

  std::string folder_;
  std::unique_ptr<GpuProcessEngine> engine_;
};

TEST_F(GpuProcessTest, ProvesAndOpensAsTheHostDoes) {
  Make(Worker({}));
  EXPECT_EQ(engine_->Description(), "Simulated GPU, host");
  EXPECT_EQ(engine_->memory().total_bytes, 64u << 20);
  EXPECT_EQ(engine_->ProofBytes(1024, 3).value(), 5u << 20);
  for (const std::uint8_t seed : {std::uint8_t{1}, std::uint8_t{2}}) ExpectHonest(seed);
  EXPECT_EQ(Pids().size(), 1u);
}

TEST_F(GpuProcessTest, RefusesWhatDoesNotFitWithBothFiguresAndGoesOn) {
  Make(Worker({"--memory", "16777216"}));
  const States states = engine_->Prove(SeedOf(1), 2048, 64, Never);
  EXPECT_EQ(states.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(
      std::string(states.status().message()),
      "a proof of n = 2048, 64 rounds takes 276824064 bytes, Simulated GPU, host has 16777216 "
      "free of 16777216");
  ExpectHonest(1);
  EXPECT_EQ(Pids().size(), 1u);
}

TEST_F(GpuProcessTest, StopsAProofThatIsCancelledInTheSameProcess) {
  Make(Worker({"--fault", "hang", "--after-rounds", "2"}));
  for (const int looks : {0, 1, 4}) {
    int asked = 0;
    const States states = Prove(SeedOf(1), [&] { return asked++ >= looks; });
    EXPECT_EQ(states.status().code(), absl::StatusCode::kCancelled) << states.status();
  }
  EXPECT_EQ(Pids().size(), 1u);
}

TEST_F(GpuProcessTest, TakesTheStatesBackWhenItProvesAgainOrEnds) {
  Make(Worker({}));
  const States first = Prove(SeedOf(1));
  States second = Prove(SeedOf(2));
  ASSERT_TRUE(first.ok() && second.ok());
  const StateNode node = {.state = 1, .level = 0, .index = 0};
  ExpectUnavailable((*first)->Open({&node, 1}).status(), "the states are gone");
  EXPECT_TRUE((*second)->Open({&node, 1}).ok());
  second->reset();
  ExpectHonest(3);
}

TEST_F(GpuProcessTest, FailsAProofWhoseProcessIsKilledAndNoOther) {
  Make(FirstWorker({"--fault", "hang", "--after-rounds", "2"}));
  int asked = 0;
  const States killed = Prove(SeedOf(1), [&] {
    if (asked++ == 3) {
      EXPECT_EQ(kill(Pids().back(), SIGKILL), 0);
    }
    return false;
  });
  ExpectUnavailable(killed.status(), "its process was ended by signal 9");
  ExpectHonest(2);
  EXPECT_EQ(Pids().size(), 2u);
}

TEST_F(GpuProcessTest, ReplacesAProcessThatDiedBetweenProofsUnnoticed) {
  Make(Worker({}));
  const States states = Prove(SeedOf(1));
  ASSERT_TRUE(states.ok()) << states.status();
  ASSERT_EQ(kill(Pids().back(), SIGKILL), 0);
  const StateNode node = {.state = 1, .level = 0, .index = 0};
  ExpectUnavailable((*states)->Open({&node, 1}).status(), "its process was ended by signal 9");
  ExpectUnavailable((*states)->Open({&node, 1}).status(), "the states are gone");
  ExpectHonest(2);
  siginfo_t info{};
  ASSERT_EQ(kill(Pids().back(), SIGKILL), 0);
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(Pids().back()), &info, WEXITED | WNOWAIT), 0);
  ExpectHonest(3);
  EXPECT_EQ(Pids().size(), 3u);
}

TEST_F(GpuProcessTest, KillsAProcessThatDoesNotStop) {
  Make(FirstWorker({"--mode", "deaf"}));
  int asked = 0;
  ExpectUnavailable(Prove(SeedOf(1), [&] { return asked++ > 1; }).status(),
                    "did not stop within 300 ms");
  ExpectHonest(2);
}

TEST_F(GpuProcessTest, NamesTheErrorOfTheGpuAndGoesOnInAnotherProcess) {
  Make(FirstWorker({"--fault", "ecc", "--after-rounds", "2"}));
  ExpectUnavailable(Prove(SeedOf(1)).status(),
                    "Simulated GPU, host: waiting for a round failed: cudaErrorECCUncorrectable");
  ExpectHonest(2);
  EXPECT_EQ(Pids().size(), 2u);
}

TEST_F(GpuProcessTest, FailsAnOpeningWhoseGpuFailsAndGoesOnInAnotherProcess) {
  Make(FirstWorker({"--fault", "ecc", "--in-open"}));
  const States states = Prove(SeedOf(1));
  ASSERT_TRUE(states.ok()) << states.status();
  const StateNode node = {.state = 1, .level = 0, .index = 0};
  ExpectUnavailable((*states)->Open({&node, 1}).status(), "cudaErrorECCUncorrectable");
  ExpectUnavailable((*states)->Open({&node, 1}).status(), "the states are gone");
  ExpectHonest(2);
}

TEST_F(GpuProcessTest, SaysHowItEndedWhenItCannotBegin) {
  auto engine = MakeGpuProcessEngine(Worker({"--mode", "crash"}));
  ExpectUnavailable(engine.status(), "its process exited with status 3");
  GpuProcessOptions silent = Worker({"--mode", "silent"});
  silent.open_ms = 300;
  ExpectUnavailable(MakeGpuProcessEngine(silent).status(), "did not open it within 300 ms");
  GpuProcessOptions missing = Worker({});
  missing.argv[0] = "/nonexistent";
  ExpectUnavailable(MakeGpuProcessEngine(missing).status(), "starting /nonexistent failed");
  const absl::Status gone = MakeGpuProcessEngine(Worker({"--mode", "gone"})).status();
  EXPECT_EQ(gone, absl::NotFoundError("GPU-1: there is no GPU"));
}

TEST_F(GpuProcessTest, AsksForALostGpuSeldom) {
  const std::string program = folder_ + "/worker";
  GpuProcessOptions options = Worker({"--mode", "exit"});
  options.rest_ms = 60'000;
  options.argv[0] = program;
  std::filesystem::copy_file(KAISAR_FAKE_GPU_WORKER, program);
  Make(options);
  std::filesystem::remove(program);  // so the next process cannot even begin
  ExpectUnavailable(Prove(SeedOf(1)).status(), "its process exited with status 7");
  for (int i = 0; i < 3; ++i) {
    ExpectUnavailable(Prove(SeedOf(1)).status(), "it is tried again every 60000 ms");
  }
}

TEST_F(GpuProcessTest, TriesALostGpuAgainWhenItHasRested) {
  const std::string program = folder_ + "/worker";
  GpuProcessOptions options = FirstWorker({"--mode", "exit"});
  std::filesystem::copy_file(KAISAR_FAKE_GPU_WORKER, program);
  options.argv[0] = program;
  Make(options);
  std::filesystem::rename(program, program + ".away");
  ExpectUnavailable(Prove(SeedOf(1)).status(), "its process exited with status 7");
  ExpectUnavailable(Prove(SeedOf(1)).status(), "No such file or directory");
  std::filesystem::rename(program + ".away", program);
  ExpectHonest(2);
}

TEST_F(GpuProcessTest, DoesNotTrustAProcessThatSaysWhatItShouldNot) {
  for (const auto& [mode, told] : std::vector<std::pair<std::string, std::string>>{
           {"garbage", "there is no frame of kind"},
           {"half", "its process exited with status 0"},
           {"long", "bytes where at most"},
           {"few-roots", "expected 160"},
           {"other", "is no answer to that"}}) {
    SCOPED_TRACE(mode);
    std::filesystem::remove(folder_ + "/once");
    Make(FirstWorker({"--mode", mode}));
    ExpectUnavailable(Prove(SeedOf(1)).status(), told);
    ExpectHonest(2);
  }
}

TEST_F(GpuProcessTest, GivesAProcessNoDescriptorButTheSocket) {
  const int leaked = dup(STDERR_FILENO);  // not closed when a program starts
  ASSERT_GE(leaked, 0);
  Make(Worker({"--mode", "descriptors"}));
  EXPECT_EQ(engine_->Description(), "descriptors 0 1 2 3");
  close(leaked);
}

TEST_F(GpuProcessTest, ProcessesOfTwoGpusDoNotDisturbEachOther) {
  Make(FirstWorker({"--fault", "hang", "--after-rounds", "1"}));
  auto other = MakeGpuProcessEngine(Worker({}));
  ASSERT_TRUE(other.ok()) << other.status();
  std::atomic<bool> proved = false;
  std::thread healthy([&] {
    for (std::uint8_t i = 0; i < 3; ++i) ExpectHonest(**other, i);
    proved = true;
  });
  bool killed = false;
  const States states = Prove(SeedOf(1), [&] {
    if (!killed) kill(Pids().front(), SIGKILL);
    killed = true;
    return false;
  });
  ExpectUnavailable(states.status(), "its process was ended by signal 9");
  healthy.join();
  EXPECT_TRUE(proved);
  ExpectHonest(4);
  ExpectHonest(**other, 5);
}

TEST_F(GpuProcessTest, AProcessEndsWithTheOneThatStartedIt) {
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // so that it can be waited for
  const std::string reached = folder_ + "/reached";
  const pid_t holder = fork();
  if (holder == 0) {
    execl(KAISAR_FAKE_GPU_WORKER, KAISAR_FAKE_GPU_WORKER, "gpu-worker", "--mode", "hold", "--gpu",
          "GPU-1", "--pids", PidFile().c_str(), "--reached", reached.c_str(), nullptr);
    _exit(127);
  }
  while (!std::filesystem::exists(reached)) {
    ASSERT_EQ(waitpid(holder, nullptr, WNOHANG), 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const pid_t worker = Pids().front();
  ASSERT_EQ(kill(holder, SIGKILL), 0);
  ASSERT_EQ(waitpid(holder, nullptr, 0), holder);
  int end = 0;
  ASSERT_EQ(waitpid(worker, &end, 0), worker);  // it hangs: only a signal can have ended it
  EXPECT_TRUE(WIFSIGNALED(end) && WTERMSIG(end) == SIGKILL);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

}  // namespace
}  // namespace kaisar::kernels
