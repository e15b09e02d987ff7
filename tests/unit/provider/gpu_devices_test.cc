#include "provider/gpu_devices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/provider/counting_gpu.h"

namespace kaisar::provider {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kFirst[] = "GPU-11111111-2222-3333-4444-55555555555a";
constexpr char kSecond[] = "GPU-99999999-2222-3333-4444-55555555555b";
constexpr std::uint64_t kGib = std::uint64_t{1} << 30;

class GpuDevicesTest : public ::testing::Test {
 protected:
  GpuSource Source() {
    return {[this] { return list_; },
            [this](const std::string& selector) -> absl::StatusOr<std::unique_ptr<kernels::Gpu>> {
              opened_.push_back(selector);
              if (!open_.ok()) return open_;
              return std::make_unique<CountingGpu>();
            },
            [this](const std::string& uuid)
                -> absl::StatusOr<std::unique_ptr<kernels::GpuProcessEngine>> {
              started_.push_back(uuid);
              if (!open_.ok()) return open_;
              return std::make_unique<CountingEngine>();
            }};
  }

  /// What is wrong with devices 1, 2, … of these GPUs.
  std::string Wrong(const std::vector<std::string>& gpus) {
    const absl::Status status = Start(gpus).status();
    code_ = status.code();
    return std::string(status.message());
  }
  absl::StatusOr<std::map<std::uint32_t, StartedGpu>> Start(const std::vector<std::string>& gpus) {
    std::vector<DeviceConfig> devices;
    for (const std::string& gpu : gpus) {
      DeviceConfig& device = devices.emplace_back();
      device.id = static_cast<std::uint32_t>(devices.size());
      device.gpu = gpu;
    }
    return StartGpus(devices, Source());
  }

  absl::StatusOr<std::vector<kernels::GpuListing>> list_ =
      std::vector<kernels::GpuListing>{{kFirst, "0000:65:00.0", "NVIDIA L4", 89, 24 * kGib},
                                       {kSecond, "0000:AF:00.0", "NVIDIA T4", 75, 16 * kGib}};
  absl::Status open_;
  std::vector<std::string> opened_;
  std::vector<std::string> started_;
  absl::StatusCode code_ = absl::StatusCode::kOk;
};

TEST_F(GpuDevicesTest, StartsTheGpuOfEachDeviceByItsUuid) {
  const auto started = Start({kSecond, "", "0000:65:00.0"});
  ASSERT_TRUE(started.ok()) << started.status();
  ASSERT_EQ(started->size(), 2u);
  EXPECT_EQ(started->at(1).listing.name, "NVIDIA T4");
  EXPECT_EQ(started->at(3).listing.name, "NVIDIA L4");
  EXPECT_NE(started->at(3).engine, nullptr);
  EXPECT_THAT(started_, ElementsAre(kSecond, kFirst));
  EXPECT_TRUE(opened_.empty());  // not in this process
}

TEST_F(GpuDevicesTest, AsksForNoGpuWhereNoDeviceHasOne) {
  list_ = absl::FailedPreconditionError("this build has no CUDA");
  const auto started = Start({"", ""});
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_TRUE(started->empty());
}

TEST_F(GpuDevicesTest, RefusesOneGpuUnderTwoNames) {
  EXPECT_THAT(Wrong({"0000:af:00.0", "", kSecond}),
              AllOf(HasSubstr(absl::StrCat("device 3, gpu ", kSecond)),
                    HasSubstr("device 1 has the same GPU, as 0000:af:00.0"), HasSubstr(kSecond)));
  EXPECT_EQ(code_, absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(started_.empty());  // before any is started
  list_->pop_back();
  EXPECT_THAT(Wrong({kFirst, "any"}), HasSubstr("device 1 has the same GPU"));
}

TEST_F(GpuDevicesTest, NamesTheDeviceWhatItAsksForAndWhatIsThere) {
  EXPECT_THAT(Wrong({kFirst, "0000:66:00.0"}),
              AllOf(HasSubstr("device 2, gpu 0000:66:00.0: there is no GPU"), HasSubstr(kFirst),
                    HasSubstr("NVIDIA T4")));
  EXPECT_EQ(code_, absl::StatusCode::kNotFound);
  EXPECT_THAT(Wrong({"any"}), HasSubstr("device 1, gpu any: \"any\" is good for one GPU"));
}

TEST_F(GpuDevicesTest, SaysWhyThereIsNone) {
  list_ = absl::FailedPreconditionError("driver is too old: 11.8, expected 12.4");
  EXPECT_EQ(Wrong({"any"}), "device 1, gpu any: driver is too old: 11.8, expected 12.4");
  list_ = std::vector<kernels::GpuListing>{};
  open_ = absl::FailedPreconditionError("no driver");
  EXPECT_EQ(Wrong({"any"}), "device 1, gpu any: no driver");
  EXPECT_EQ(code_, absl::StatusCode::kFailedPrecondition);
}

TEST_F(GpuDevicesTest, SaysWhichGpuCannotBeOpened) {
  open_ = absl::UnavailableError("cudaErrorDevicesUnavailable");
  EXPECT_EQ(Wrong({"", kSecond}),
            absl::StrCat("device 2, gpu ", kSecond, ": cudaErrorDevicesUnavailable"));
}

TEST_F(GpuDevicesTest, LetsStatesFillNinetyFivePercentWithWhatBelongsToThem) {
  StartedGpu started{(*list_)[0], std::make_unique<CountingEngine>()};
  constexpr std::uint32_t kN = 16384;
  constexpr std::uint64_t kState = std::uint64_t{kN} * kN;
  for (const std::uint64_t total :
       {4 * kGib, 16 * kGib, 24 * kGib, 80 * kGib + 12'345, 288 * kGib}) {
    started.listing.total_bytes = total;
    const std::uint64_t bytes = StateMemoryBytes(started).value();
    const auto rounds = static_cast<std::uint32_t>(bytes / kState);
    EXPECT_LE(CountedBytes(kN, rounds), total - total / 20) << total;
    EXPECT_GT(CountedBytes(kN, rounds + 1), total - total / 20) << total;
    EXPECT_NEAR(static_cast<double>(bytes),
                static_cast<double>(total - total / 20 - 2 * kState - (3 << 20)) * 16 / 17, 2.0);
  }
  started.listing.total_bytes = 1 << 20;
  EXPECT_EQ(StateMemoryBytes(started).value(), 0u);
  started.engine = std::make_unique<CountingEngine>(absl::UnavailableError("it is gone"));
  EXPECT_EQ(StateMemoryBytes(started).status(), absl::UnavailableError("it is gone"));
}

}  // namespace
}  // namespace kaisar::provider
