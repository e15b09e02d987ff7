#include "kernels/gpu_information.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/nvml.h"
#include "tests/support/fake_nvml.h"

namespace kaisar::kernels {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kUnknownError = 999;

class GpuInformationTest : public ::testing::Test {
 protected:
  GpuInformationTest() : library_(dlopen(KAISAR_FAKE_NVML, RTLD_NOW)) {
    answer_ = reinterpret_cast<testing::FakeNvmlAnswer>(dlsym(library_, testing::kFakeNvmlAnswer));
    answer_(nullptr, 0);
  }
  ~GpuInformationTest() override {
    answer_(nullptr, 0);
    dlclose(library_);
  }

  absl::StatusOr<GpuInformation> Read(const std::string& gpu = "GPU-fake") {
    const auto reader = GpuInformationReader::Open(KAISAR_FAKE_NVML);
    return reader.ok() ? (*reader)->Read(gpu) : reader.status();
  }

  void* const library_;
  testing::FakeNvmlAnswer answer_;
};

TEST_F(GpuInformationTest, ReadsEveryFigure) {
  const auto read = Read();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->uuid, "GPU-fake");
  EXPECT_EQ(read->pci_id, "0000:65:00.0");
  EXPECT_EQ(read->driver, "580.65.06");
  EXPECT_EQ(read->memory_total_bytes, 85'000'000'000u);
  EXPECT_EQ(read->memory_free_bytes, 84'000'000'000u);
  EXPECT_EQ(read->ecc_enabled, true);
  EXPECT_EQ(read->ecc_errors, 3u);
  EXPECT_EQ(read->sm_clock_mhz, 1755u);
  EXPECT_EQ(read->most_sm_clock_mhz, 1980u);
  EXPECT_EQ(read->memory_clock_mhz, 2601u);
  EXPECT_EQ(read->most_memory_clock_mhz, 2619u);
  EXPECT_EQ(read->power_mw, 321'500u);
  EXPECT_EQ(read->power_limit_mw, 700'000u);
  EXPECT_EQ(read->temperature_c, 61u);
  EXPECT_EQ(read->utilization_percent, 97u);
}

TEST_F(GpuInformationTest, FindsAGpuByItsPciIdAsWell) {
  const auto read = Read("0000:65:00.0");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->uuid, "GPU-fake");
  EXPECT_EQ(Read("0000:66:00.0").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Read("GPU-other").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(GpuInformationTest, LeavesOutWhatTheGpuDoesNotHave) {
  for (const char* function :
       {"nvmlDeviceGetEccMode", "nvmlDeviceGetPowerUsage", "nvmlDeviceGetMemoryInfo",
        "nvmlDeviceGetClockInfo", "nvmlDeviceGetUUID", "nvmlDeviceGetPciInfo_v3"}) {
    answer_(function, nvml::kNotSupported);
  }
  const auto read = Read();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->ecc_enabled, std::nullopt);
  EXPECT_EQ(read->ecc_errors, std::nullopt);
  EXPECT_EQ(read->power_mw, std::nullopt);
  EXPECT_EQ(read->memory_total_bytes, std::nullopt);
  EXPECT_EQ(read->memory_free_bytes, std::nullopt);
  EXPECT_EQ(read->sm_clock_mhz, std::nullopt);
  EXPECT_EQ(read->memory_clock_mhz, std::nullopt);
  EXPECT_EQ(read->uuid, "");
  EXPECT_EQ(read->pci_id, "");
  EXPECT_EQ(read->most_sm_clock_mhz, 1980u);
  EXPECT_EQ(read->temperature_c, 61u);
}

TEST_F(GpuInformationTest, LeavesOutWhatFailsInAnotherWay) {
  answer_("nvmlDeviceGetTemperature", kUnknownError);
  const auto read = Read();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->temperature_c, std::nullopt);
  EXPECT_EQ(read->utilization_percent, 97u);
}

TEST_F(GpuInformationTest, LeavesOutWhatAnOldDriverLacks) {
  const auto reader = GpuInformationReader::Open(KAISAR_FAKE_OLD_NVML);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto read = (*reader)->Read("GPU-fake");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->temperature_c, std::nullopt);
  EXPECT_EQ(read->utilization_percent, std::nullopt);
  EXPECT_EQ(read->power_mw, 321'500u);
}

TEST_F(GpuInformationTest, SaysThatAGpuIsLost) {
  for (const char* function : {"nvmlDeviceGetHandleByUUID", "nvmlDeviceGetName",
                               "nvmlDeviceGetTemperature", "nvmlDeviceGetUtilizationRates"}) {
    answer_(function, nvml::kGpuIsLost);
    const absl::Status status = Read().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << function;
    EXPECT_THAT(std::string(status.message()), HasSubstr("GPU is lost")) << function;
    answer_(function, nvml::kSuccess);
    EXPECT_TRUE(Read().ok()) << function;
  }
}

TEST_F(GpuInformationTest, PassesNothingOnThatIsNotPrintable) {
  EXPECT_EQ(Read()->name, "NVIDIA Fake?[31m 80GB");
  answer_("hostile name", 1);  // fills the buffer, and ends it nowhere
  EXPECT_EQ(Read()->name, "");
  answer_(nullptr, 0);
  answer_("nvmlDeviceGetHandleByUUID", kUnknownError);
  const absl::Status status = Read().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("Something?else (NVML error 999)"));
}

TEST_F(GpuInformationTest, SaysWhyThereIsNoInformation) {
  answer_("nvmlInit_v2", nvml::kDriverNotLoaded);
  absl::Status status = Read().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("(NVML error 9)"));

  status = GpuInformationReader::Open("libno-such-nvml.so.1").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("libno-such-nvml.so.1"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("\n")));

  status = GpuInformationReader::Open("libm.so.6").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("is not NVML"));
}

}  // namespace
}  // namespace kaisar::kernels
