#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "challenges/policy.h"
#include "nlohmann/json.hpp"
#include "provider/commands.h"
#include "provider/gpu_class.h"
#include "tests/unit/provider/counting_gpu.h"

namespace kaisar::provider {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class GpusCommandTest : public ::testing::Test {
 protected:
  GpuSource Source() {
    return {[this] { return list_; },
            [this](const std::string& selector) -> absl::StatusOr<std::unique_ptr<kernels::Gpu>> {
              if (selector == broken_) return absl::UnavailableError("cudaErrorNoDevice");
              return std::make_unique<CountingGpu>();
            },
            nullptr};
  }
  absl::Status Show(bool json = false, const std::string& nvml = KAISAR_FAKE_NVML) {
    std::ostringstream out;
    const absl::Status status = ShowGpus(json, Source(), nvml, out);
    text_ = out.str();
    return status;
  }

  absl::StatusOr<std::vector<kernels::GpuListing>> list_ = std::vector<kernels::GpuListing>{
      {"GPU-fake", "0000:65:00.0", "NVIDIA H100 80GB HBM3", 90, 85'000'000'000}};
  std::string broken_;
  std::string text_;
};

TEST_F(GpusCommandTest, SaysWhatIsHereAndHowItIs) {
  ASSERT_TRUE(Show().ok());
  EXPECT_EQ(text_,
            "GPU-fake at 0000:65:00.0: NVIDIA H100 80GB HBM3\n"
            "  memory: 81062 MiB, 80108 free; ECC on, 3 uncorrected errors\n"
            "  compute capability 9.0, driver 580.65.06\n"
            "  now: 61 C, 321.5 of 700.0 W, 1755 of 1980 MHz, 97 % busy\n"
            "  engine: counting\n"
            "  class: h100-sxm, by its name\n");
}

TEST_F(GpusCommandTest, WritesOneObjectForEachGpu) {
  list_->push_back({"GPU-other", "0000:66:00.0", "Unheard Of", 120, 7});
  ASSERT_TRUE(Show(/*json=*/true).ok());
  const auto json = nlohmann::json::parse(text_);
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0]["uuid"], "GPU-fake");
  EXPECT_EQ(json[0]["class"], "h100-sxm");
  EXPECT_EQ(json[0]["ecc_errors"], 3);
  EXPECT_EQ(json[0]["power_limit_mw"], 700'000);
  EXPECT_EQ(json[0]["engine"], "counting");
  EXPECT_EQ(json[1]["compute_capability"], "12.0");
  EXPECT_EQ(json[1]["memory_total_bytes"], 7);
  for (const char* key : {"class", "ecc_errors", "driver", "temperature_c", "failure"}) {
    EXPECT_FALSE(json[1].contains(key)) << key;
  }
}

TEST_F(GpusCommandTest, FailsWhenAGpuCannotBeOpenedButListsTheOthers) {
  list_->push_back({"GPU-other", "0000:66:00.0", "NVIDIA L4", 89, 7});
  broken_ = "GPU-fake";
  EXPECT_EQ(Show().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(text_, AllOf(HasSubstr("cannot be opened: cudaErrorNoDevice"),
                           HasSubstr("GPU-other at 0000:66:00.0: NVIDIA L4\n"),
                           HasSubstr("engine: counting"), HasSubstr("class: l4")));
  EXPECT_EQ(Show(/*json=*/true).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(nlohmann::json::parse(text_)[0]["failure"], "cudaErrorNoDevice");
}

TEST_F(GpusCommandTest, ListsThemWithoutNvml) {
  ASSERT_TRUE(Show(false, "libno-such-nvml.so.1").ok());
  EXPECT_THAT(text_, AllOf(HasSubstr("memory: 81062 MiB\n"), HasSubstr("class: h100-sxm"),
                           HasSubstr("are not known: no NVML"), Not(HasSubstr("now:"))));
}

TEST_F(GpusCommandTest, SaysWhyThereIsNone) {
  list_ = absl::FailedPreconditionError("this build has no CUDA");
  EXPECT_EQ(Show(), absl::FailedPreconditionError("this build has no CUDA"));
  list_ = std::vector<kernels::GpuListing>{};
  EXPECT_EQ(Show(), absl::NotFoundError("there is no GPU"));
  broken_ = "any";
  EXPECT_EQ(Show(), absl::UnavailableError("cudaErrorNoDevice"));
  EXPECT_EQ(text_, "");
}

TEST(ProbableClassTest, NamesClassesOfThePolicy) {
  const auto yaml = ReadFile(KAISAR_POLICY, 1 << 20);
  ASSERT_TRUE(yaml.ok()) << yaml.status();
  const auto policy = challenges::ParsePolicy("policy.yaml", *yaml);
  ASSERT_TRUE(policy.ok()) << policy.status();
  for (const char* name :
       {"Tesla T4", "NVIDIA L4", "NVIDIA L40S", "NVIDIA A100-SXM4-40GB", "NVIDIA A100-SXM4-80GB",
        "NVIDIA A100 80GB PCIe", "NVIDIA GeForce RTX 3090", "NVIDIA GeForce RTX 4090",
        "NVIDIA GeForce RTX 5090", "NVIDIA H100 PCIe", "NVIDIA H100 80GB HBM3", "NVIDIA H200",
        "NVIDIA B200"}) {
    EXPECT_TRUE(policy->classes.contains(std::string(ProbableClass(name)))) << name;
  }
}

TEST(ProbableClassTest, TakesNoGpuForItsNeighbour) {
  for (const char* name :
       {"", "NVIDIA", "NVIDIA L40", "NVIDIA A10G", "NVIDIA H100 NVL", "NVIDIA GeForce RTX 4090 D",
        "NVIDIA GeForce RTX 3090 Ti", "NVIDIA GeForce RTX 4090 Laptop GPU", "NVIDIA A100X"}) {
    EXPECT_EQ(ProbableClass(name), "") << name;
  }
}

}  // namespace
}  // namespace kaisar::provider
