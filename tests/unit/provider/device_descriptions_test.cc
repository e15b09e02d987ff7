#include "provider/device_descriptions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/sample_provider.h"

namespace kaisar::provider {
namespace {

constexpr char kGpu[] = "GPU-11111111-2222-3333-4444-55555555555a";

/// What the driver says, and how often it was asked; it answers when the test lets it.
struct Driver {
  Mutex mutex;
  CondVar changed;
  absl::StatusOr<kernels::GpuInformation> answer ABSL_GUARDED_BY(mutex) = kernels::GpuInformation{};
  bool held ABSL_GUARDED_BY(mutex) = false;
  int reads ABSL_GUARDED_BY(mutex) = 0;

  void Say(absl::StatusOr<kernels::GpuInformation> said) {
    MutexLock lock(mutex);
    answer = std::move(said);
  }
  void Hold(bool on) {
    MutexLock lock(mutex);
    held = on;
    changed.SignalAll();
  }
  int Reads() {
    MutexLock lock(mutex);
    return reads;
  }
};

class ScriptedReader final : public kernels::GpuInformationReader {
 public:
  explicit ScriptedReader(Driver& driver) : driver_(driver) {}
  absl::StatusOr<kernels::GpuInformation> Read(const std::string& gpu) const override {
    EXPECT_EQ(gpu, kGpu);
    MutexLock lock(driver_.mutex);
    ++driver_.reads;
    driver_.changed.SignalAll();
    while (driver_.held) driver_.changed.Wait(driver_.mutex);
    return driver_.answer;
  }

 private:
  Driver& driver_;
};

class DeviceDescriptionsTest : public ::testing::Test {
 protected:
  std::unique_ptr<DeviceDescriptions> Make(bool reader = true) {
    DescribedDevice on_cpu;
    on_cpu.fixed.set_id(1);
    DescribedDevice on_gpu;
    on_gpu.fixed.set_id(2);
    on_gpu.fixed.mutable_gpu()->set_name("as found at the start");
    on_gpu.fixed.mutable_gpu()->set_memory_total_bytes(7);
    on_gpu.gpu = kGpu;
    on_gpu.trouble = [this] { return trouble_; };
    return std::make_unique<DeviceDescriptions>(
        "software", std::vector<DescribedDevice>{on_cpu, on_gpu},
        reader ? std::make_unique<ScriptedReader>(driver_) : nullptr, clock_);
  }

  static std::future<v1::DescribeResponse> Ask(DeviceDescriptions& descriptions) {
    auto promise = std::make_shared<std::promise<v1::DescribeResponse>>();
    descriptions.Ask([promise](const v1::DescribeResponse& r) { promise->set_value(r); });
    return promise->get_future();
  }
  static v1::DeviceDescription Gpu(DeviceDescriptions& descriptions) {
    return Ask(descriptions).get().devices(1);
  }
  void AwaitRead(int number) {
    MutexLock lock(driver_.mutex);
    while (driver_.reads < number) driver_.changed.Wait(driver_.mutex);
  }
  static kernels::GpuInformation Warm(std::uint32_t temperature_c) {
    kernels::GpuInformation information;
    information.name = "NVIDIA L4";
    information.temperature_c = temperature_c;
    return information;
  }

  FakeClock clock_;
  Driver driver_;
  std::string trouble_;
};

TEST_F(DeviceDescriptionsTest, SaysWhatTheDriverSaysNow) {
  const auto descriptions = Make();
  driver_.Say(Warm(40));
  const v1::DescribeResponse response = Ask(*descriptions).get();
  EXPECT_EQ(response.software(), "software");
  ASSERT_EQ(response.devices_size(), 2);
  EXPECT_FALSE(response.devices(0).has_gpu());
  const v1::GpuInformation& gpu = response.devices(1).gpu();
  EXPECT_EQ(gpu.name(), "NVIDIA L4");
  EXPECT_EQ(gpu.temperature_c(), 40u);
  EXPECT_EQ(gpu.memory_total_bytes(), 7u);  // the driver has left it out
  EXPECT_FALSE(gpu.has_power_mw());
}

TEST_F(DeviceDescriptionsTest, AsksTheDriverAtMostOnceASecond) {
  const auto descriptions = Make();
  driver_.Say(Warm(40));
  EXPECT_EQ(Gpu(*descriptions).gpu().temperature_c(), 40u);
  driver_.Say(Warm(50));
  clock_.AdvanceMs(999);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Gpu(*descriptions).gpu().temperature_c(), 40u);
  EXPECT_EQ(driver_.Reads(), 1);
  clock_.AdvanceMs(1);
  EXPECT_EQ(Gpu(*descriptions).gpu().temperature_c(), 50u);
  EXPECT_EQ(driver_.Reads(), 2);
}

TEST_F(DeviceDescriptionsTest, HoldsNobodyUpWhileTheDriverIsSlow) {
  const auto descriptions = Make();
  driver_.Say(Warm(40));
  driver_.Hold(true);
  std::vector<std::future<v1::DescribeResponse>> asked;
  asked.push_back(Ask(*descriptions));
  AwaitRead(1);
  // One is being read for; 64 wait; the others get what there is.
  for (int i = 0; i < 70; ++i) asked.push_back(Ask(*descriptions));
  EXPECT_EQ(asked.back().get().devices(1).gpu().name(), "as found at the start");
  asked.pop_back();
  driver_.Hold(false);
  int fresh = 0;
  for (auto& answer : asked) fresh += answer.get().devices(1).gpu().name() == "NVIDIA L4";
  EXPECT_EQ(fresh, 64);
  EXPECT_EQ(driver_.Reads(), 1);
}

TEST_F(DeviceDescriptionsTest, SaysThatAGpuIsLost) {
  const auto descriptions = Make();
  driver_.Say(absl::UnavailableError("GPU is lost\n"));
  v1::DeviceDescription gpu = Gpu(*descriptions);
  EXPECT_EQ(gpu.trouble(), "GPU is lost?");
  EXPECT_EQ(gpu.gpu().name(), "as found at the start");
  trouble_ = "cudaErrorECCUncorrectable";  // what a proof has found is known at once
  EXPECT_EQ(Gpu(*descriptions).trouble(), "cudaErrorECCUncorrectable");
  trouble_ = "";
  driver_.Say(Warm(40));
  clock_.AdvanceMs(1'000);
  EXPECT_EQ(Gpu(*descriptions).trouble(), "");
  driver_.Say(absl::NotFoundError("CUDA knows more GPUs than NVML"));
  clock_.AdvanceMs(1'000);
  EXPECT_EQ(Gpu(*descriptions).trouble(), "");
}

TEST_F(DeviceDescriptionsTest, AnswersAtOnceWithoutADriver) {
  const auto descriptions = Make(/*reader=*/false);
  trouble_ = "lost";
  const v1::DeviceDescription gpu = Gpu(*descriptions);
  EXPECT_EQ(gpu.gpu().name(), "as found at the start");
  EXPECT_EQ(gpu.trouble(), "lost");
}

TEST_F(DeviceDescriptionsTest, AnswersThoseWhoWaitWhenItStops) {
  const auto descriptions = Make();
  driver_.Hold(true);
  auto first = Ask(*descriptions);
  AwaitRead(1);
  auto second = Ask(*descriptions);
  auto stopped = std::async(std::launch::async, [&] { descriptions->Stop(); });
  driver_.Hold(false);
  stopped.get();
  EXPECT_EQ(first.get().devices_size(), 2);
  EXPECT_EQ(second.get().devices_size(), 2);
  EXPECT_EQ(Ask(*descriptions).get().devices_size(), 2);
  EXPECT_EQ(driver_.Reads(), 1);
}

}  // namespace
}  // namespace kaisar::provider
