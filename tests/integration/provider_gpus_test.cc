// A real provider over loopback, with two GPUs that are simulated.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "challenges/matmul/check.h"
#include "challenges/roster.h"
#include "tests/integration/provider_fixture.h"
#include "tests/support/fake_gpu.h"

namespace kaisar::provider {
namespace {

using testing::FakeGpuControl;
using testing::GpuFaults;
using ::testing::HasSubstr;
using testing::MatmulTestStream;

constexpr std::uint32_t kSecond = kDevice + 1;
constexpr std::uint64_t kMemoryBytes = std::uint64_t{1} << 30;
constexpr challenges::MatmulShape kShape{256, 4};

class ProviderGpusTest : public ProviderFixture {
 protected:
  void SetUp() override {
    ProviderFixture::SetUp();
    config_.nvml = KAISAR_FAKE_NVML;
    std::vector<Device> devices;
    devices.push_back(OnGpu(kDevice, first_, "GPU-fake"));  // the driver knows this one
    devices.push_back(OnGpu(kSecond, second_, "GPU-second"));
    StartServer(std::move(devices));
  }

  static Device OnGpu(std::uint32_t id, const std::shared_ptr<FakeGpuControl>& control,
                      const std::string& uuid) {
    return {
        id,          "l4",
        KeyOf(0x77), kernels::MakeGpuEngine(MakeFakeGpu(control)),
        kMostStates, kernels::GpuListing{uuid, "0000:65:00.0", "Simulated\x1b", 89, kMemoryBytes}};
  }

  /// A challenge from its begin to its end.
  grpc::Status Prove(std::uint32_t device, std::uint8_t number) {
    const auto client = Client();
    MatmulTestStream stream(*client);
    stream.SendChallenge(Matmul(number, 1, kShape.n, kShape.rounds, 3, device));
    if (!stream.Receive().has_value()) return stream.End();
    stream.SendSamples(kSamples);
    stream.Receive();
    return stream.End();
  }
  v1::DeviceDescription Described(int index) { return Client()->Describe().value().devices(index); }

  const std::vector<challenges::MatmulSample> kSamples = {{0, 1, 2}, {1, 255, 255}, {3, 0, 7}};
  const std::shared_ptr<FakeGpuControl> first_ = std::make_shared<FakeGpuControl>(kMemoryBytes);
  const std::shared_ptr<FakeGpuControl> second_ = std::make_shared<FakeGpuControl>(kMemoryBytes);
};

TEST_F(ProviderGpusTest, WorksOnAllGpusAtOnce) {
  const auto client = Client();
  MatmulTestStream on_first(*client);
  MatmulTestStream on_second(*client);
  const v1::SignedChallenge first = Matmul(1, 1, kShape.n, kShape.rounds, 3, kDevice);
  const v1::SignedChallenge second = Matmul(2, 1, kShape.n, kShape.rounds, 3, kSecond);
  on_first.SendChallenge(first);
  on_second.SendChallenge(second);
  const auto check = [&](const v1::SignedChallenge& challenge, MatmulTestStream& stream,
                         const std::optional<v1::MatmulResponse>& commitment) {
    ASSERT_TRUE(commitment.has_value() && commitment->has_commitment());
    stream.SendSamples(kSamples);
    const auto opening = stream.Receive();
    ASSERT_TRUE(opening.has_value() && opening->has_opening());
    v1::MatmulOpeningBody body;
    ASSERT_TRUE(body.ParseFromString(opening->opening().body()));
    const auto roots = challenges::CheckCommitment(kShape, commitment->commitment());
    const Digest seed = challenges::ToDigest(challenge.challenge().seed());
    EXPECT_TRUE(challenges::CheckOpening({seed, kShape, *roots, kSamples}, body).ok());
  };
  // Both have committed before either is opened: each keeps its own states.
  const auto first_commitment = on_first.Receive();
  const auto second_commitment = on_second.Receive();
  check(first, on_first, first_commitment);
  check(second, on_second, second_commitment);
  EXPECT_EQ(first_->Use().works, 1);
  EXPECT_EQ(second_->Use().works, 1);
}

TEST_F(ProviderGpusTest, GoesOnWithTheOthersWhenOneFallsOffTheBus) {
  first_->Order({.kind = GpuFaults::Kind::kOffTheBus, .after_rounds = 2});
  const grpc::Status status = Prove(kDevice, 1);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_THAT(status.error_message(), HasSubstr("cudaErrorDevicesUnavailable"));
  EXPECT_THAT(Described(0).trouble(), HasSubstr("cudaErrorDevicesUnavailable"));
  EXPECT_TRUE(Prove(kSecond, 2).ok());
  EXPECT_EQ(Described(1).trouble(), "");
  EXPECT_FALSE(Prove(kDevice, 3).ok());

  first_->Order({});
  EXPECT_TRUE(Prove(kDevice, 4).ok());
  EXPECT_EQ(Described(0).trouble(), "");
}

TEST_F(ProviderGpusTest, LosesAChallengeThatAGpuCannotOpen) {
  first_->Order({.kind = GpuFaults::Kind::kEccError, .in_open = true});
  const grpc::Status status = Prove(kDevice, 1);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_THAT(Described(0).trouble(), HasSubstr("cudaErrorECCUncorrectable"));
  first_->Order({});
  EXPECT_TRUE(Prove(kDevice, 2).ok());
  EXPECT_EQ(Described(0).trouble(), "");
}

TEST_F(ProviderGpusTest, RefusesWithBothFiguresWhatItsMemoryCannotHold) {
  const auto client = Client();
  MatmulTestStream stream(*client);
  stream.SendChallenge(Matmul(1, 1, 16384, 4, 3, kDevice));  // 1 GiB of states, trees on top
  EXPECT_FALSE(stream.Receive().has_value());
  const grpc::Status status = stream.End();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr(std::to_string(kMemoryBytes)));
  EXPECT_EQ(first_->Use().works, 0);
  EXPECT_EQ(Described(0).trouble(), "");
}

TEST_F(ProviderGpusTest, GivesUpAChallengeOnAGpuThatHangsWhenItsPeerGoes) {
  first_->Order({.kind = GpuFaults::Kind::kHang});
  {
    const auto client = Client();
    MatmulTestStream stream(*client);
    stream.SendChallenge(Matmul(1, 1, kShape.n, kShape.rounds, 3, kDevice));
    EXPECT_TRUE(Prove(kSecond, 2).ok());  // does not wait for the other
  }
  first_->Order({});
  for (std::uint8_t number = 3; number < 100; ++number) {
    if (Prove(kDevice, number).ok()) break;
  }
  EXPECT_EQ(first_->Use().works_alive, 0);
  EXPECT_TRUE(Prove(kDevice, 100).ok());
}

TEST_F(ProviderGpusTest, DescribesEachGpu) {
  const v1::GpuInformation told = Described(0).gpu();
  EXPECT_EQ(told.driver(), "580.65.06");
  EXPECT_EQ(told.temperature_c(), 61u);
  EXPECT_EQ(told.name(), "NVIDIA Fake?[31m 80GB");
  const v1::DeviceDescription device = Described(1);
  EXPECT_EQ(device.id(), kSecond);
  EXPECT_EQ(device.state_memory_bytes(), kMostStates);
  EXPECT_EQ(device.gpu().uuid(), "GPU-second");
  EXPECT_EQ(device.gpu().name(), "Simulated?");
  EXPECT_EQ(device.gpu().memory_total_bytes(), kMemoryBytes);
  EXPECT_FALSE(device.gpu().has_temperature_c());
}

}  // namespace
}  // namespace kaisar::provider
