// A real provider over loopback with two devices: one whose GPU, simulated, another process serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "kernels/gpu_process.h"
#include "spdlog/sinks/ostream_sink.h"
#include "spdlog/spdlog.h"
#include "tests/integration/provider_fixture.h"

namespace kaisar::provider {
namespace {

using ::testing::HasSubstr;
using testing::MatmulTestStream;
using ::testing::Not;

constexpr std::uint32_t kOnCpu = kDevice + 1;

class ProviderGpuWorkerTest : public ProviderFixture {
 protected:
  void SetUp() override {
    ProviderFixture::SetUp();
    std::string folder = ::testing::TempDir() + "gpu_worker_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    before_ = spdlog::default_logger();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "captured", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_)));
  }
  void TearDown() override {
    ProviderFixture::TearDown();
    server_.reset();
    spdlog::set_default_logger(before_);
    std::filesystem::remove_all(folder_);
  }

  /// Only the first process has these arguments.
  void Start(const std::vector<std::string>& arguments) {
    kernels::GpuProcessOptions options;
    options.argv = {
        KAISAR_FAKE_GPU_WORKER, "gpu-worker", "--gpu",           "GPU-1",     "--pids",
        folder_ + "/pids",      "--once",     folder_ + "/once", "--reached", folder_ + "/reached"};
    options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
    options.gpu = "GPU-1";
    options.cancel_ms = 300;
    auto engine = kernels::MakeGpuProcessEngine(options);
    ASSERT_TRUE(engine.ok()) << engine.status();
    std::vector<Device> devices;
    devices.push_back({kDevice, "l4", KeyOf(0x77), *std::move(engine), kMostStates});
    devices.push_back({kOnCpu, "cpu", KeyOf(0x77), kernels::MakeCpuEngine(1), kMostStates});
    StartServer(std::move(devices));
  }

  /// A challenge from its begin to its end.
  grpc::Status Prove(std::uint32_t device, std::uint8_t number) {
    const auto client = Client();
    MatmulTestStream stream(*client);
    stream.SendChallenge(Matmul(number, 1, 256, 4, 3, device));
    const auto commitment = stream.Receive();
    if (!commitment.has_value()) return stream.End();
    if (!commitment->has_commitment()) return {grpc::StatusCode::FAILED_PRECONDITION, "refused"};
    stream.SendSamples({{0, 1, 2}, {1, 255, 255}, {3, 0, 7}});
    stream.Receive();
    return stream.End();
  }

  /// Waits until a proof has begun on the GPU.
  void AwaitProof() const {
    while (!std::filesystem::exists(folder_ + "/reached")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  std::vector<pid_t> Pids() const {
    std::vector<pid_t> pids;
    std::ifstream file(folder_ + "/pids");
    for (pid_t pid = 0; file >> pid;) pids.push_back(pid);
    return pids;
  }

  std::string folder_;
  std::ostringstream log_;
  std::shared_ptr<spdlog::logger> before_;
};

TEST_F(ProviderGpuWorkerTest, LosesTheChallengeWhoseProcessIsKilledAndNothingElse) {
  Start({"--fault", "hang", "--after-rounds", "1"});
  const auto client = Client();
  const auto other_client = Client(2);
  MatmulTestStream on_gpu(*client);
  MatmulTestStream on_cpu(*other_client);
  on_gpu.SendChallenge(Matmul(1, 1, 256, 4, 3, kDevice));
  on_cpu.SendChallenge(Matmul(2, 2, 256, 4, 3, kOnCpu));
  ASSERT_TRUE(on_cpu.Receive().has_value());
  AwaitProof();
  ASSERT_EQ(kill(Pids().front(), SIGKILL), 0);
  EXPECT_FALSE(on_gpu.Receive().has_value());
  const grpc::Status lost = on_gpu.End();
  EXPECT_EQ(lost.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_THAT(lost.error_message(),
              HasSubstr("the device failed: GPU-1: its process was ended by signal 9"));
  EXPECT_THAT(Client()->Describe().value().devices(0).trouble(), HasSubstr("signal 9"));

  on_cpu.SendSamples({{0, 1, 2}, {1, 255, 255}, {3, 0, 7}});
  EXPECT_TRUE(on_cpu.Receive().has_value());
  EXPECT_TRUE(on_cpu.End().ok());
  EXPECT_THAT(log_.str(), HasSubstr("event=gpu_lost device=17"));
  EXPECT_THAT(log_.str(), Not(HasSubstr("event=gpu_back")));

  EXPECT_TRUE(Prove(kDevice, 3).ok());
  EXPECT_THAT(log_.str(), HasSubstr("event=gpu_back device=17"));
  EXPECT_EQ(Client()->Describe().value().devices(0).trouble(), "");
  EXPECT_EQ(Pids().size(), 2u);
}

TEST_F(ProviderGpuWorkerTest, NamesTheErrorOfTheGpuAndGoesOnInAnotherProcess) {
  Start({"--fault", "ecc", "--after-rounds", "2"});
  const grpc::Status failed = Prove(kDevice, 1);
  EXPECT_EQ(failed.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_THAT(failed.error_message(), HasSubstr("cudaErrorECCUncorrectable"));
  EXPECT_TRUE(Prove(kDevice, 2).ok());
  EXPECT_TRUE(Prove(kOnCpu, 3).ok());
}

TEST_F(ProviderGpuWorkerTest, KillsAProcessThatHangsWhenThePeerGoes) {
  Start({"--mode", "deaf"});
  {
    const auto client = Client();
    MatmulTestStream stream(*client);
    stream.SendChallenge(Matmul(1, 1, 256, 4, 3, kDevice));
    EXPECT_TRUE(Prove(kOnCpu, 2).ok());
    AwaitProof();
  }
  bool proved = false;
  for (std::uint8_t number = 3; number < 200 && !proved; ++number) {
    proved = Prove(kDevice, number).ok();  // refused while the first is given up
    if (!proved) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_TRUE(proved);
  EXPECT_EQ(Pids().size(), 2u);
}

TEST_F(ProviderGpuWorkerTest, StopsWhileAGpuHangs) {
  Start({"--mode", "deaf"});
  const auto client = Client();
  MatmulTestStream stream(*client);
  stream.SendChallenge(Matmul(1, 1, 256, 4, 3, kDevice));
  AwaitProof();
  server_.reset();  // and the test ends
}

}  // namespace
}  // namespace kaisar::provider
