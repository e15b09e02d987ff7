#include "kernels/gpu_selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kaisar::kernels {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kFirst[] = "GPU-11111111-2222-3333-4444-55555555555a";
constexpr char kSecond[] = "GPU-99999999-2222-3333-4444-55555555555b";

std::vector<GpuListing> TwoGpus() {
  return {{kFirst, "0000:65:00.0", "NVIDIA L4", 89, 1},
          {kSecond, "0001:AF:00.0", "NVIDIA T4", 75, 2}};
}

std::string Message(const absl::Status& status) {
  return std::string(status.message());
}

TEST(GpuSelectorTest, BringsAllFormsOfAPciIdIntoOne) {
  for (const char* form : {"65:00.0", "0000:65:00.0", "00000000:65:00.0"}) {
    EXPECT_EQ(NormalGpuSelector(form).value(), "0000:65:00.0") << form;
  }
  EXPECT_EQ(NormalGpuSelector("AF:1F.7").value(), "0000:af:1f.7");
  EXPECT_EQ(NormalGpuSelector("00010000:AF:00.0").value(), "10000:af:00.0");
}

TEST(GpuSelectorTest, WritesAUuidInSmallLetters) {
  EXPECT_EQ(NormalGpuSelector("GPU-11111111-2222-3333-4444-55555555555A").value(), kFirst);
  EXPECT_EQ(NormalGpuSelector("any").value(), "any");
}

TEST(GpuSelectorTest, RefusesWhatIsNoSelector) {
  for (const char* text :
       {"", "0", "Any", "gpu-11111111-2222-3333-4444-55555555555a", "GPU-1",
        "GPU-11111111-2222-3333-4444-55555555555", "GPU-11111111-2222-3333-4444-55555555555g",
        "MIG-11111111-2222-3333-4444-55555555555a", "65:00", "65:00.8", "5:00.0", "65:00.0 ",
        "000:65:00.0", "0x00:65:00.0", "-000:65:00.0", "1:2:3:4", "65:0g.0", "::.0"}) {
    const auto selector = NormalGpuSelector(text);
    EXPECT_EQ(selector.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(Message(selector.status()), HasSubstr("PCI id")) << text;
    EXPECT_EQ(FindGpu(TwoGpus(), text).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(GpuSelectorTest, FindsAGpuByEachOfItsNames) {
  EXPECT_EQ(FindGpu(TwoGpus(), kSecond)->name, "NVIDIA T4");
  EXPECT_EQ(FindGpu(TwoGpus(), "0001:af:00.0")->name, "NVIDIA T4");
  EXPECT_EQ(FindGpu(TwoGpus(), "65:00.0")->name, "NVIDIA L4");
  EXPECT_EQ(FindGpu({TwoGpus()[1]}, "any")->name, "NVIDIA T4");
}

TEST(GpuSelectorTest, NamesThoseThatAreThereWhenItIsNoneOfThem) {
  const absl::Status none = FindGpu(TwoGpus(), "66:00.0").status();
  EXPECT_EQ(none.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(none), AllOf(HasSubstr("0000:66:00.0"), HasSubstr(kFirst), HasSubstr(kSecond),
                                   HasSubstr("0001:AF:00.0"), HasSubstr("NVIDIA T4")));
  const absl::Status several = FindGpu(TwoGpus(), "any").status();
  EXPECT_EQ(several.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(several), AllOf(HasSubstr("there are 2"), HasSubstr(kFirst)));
  EXPECT_EQ(Message(FindGpu({}, "any").status()), "there is no GPU");
}

}  // namespace
}  // namespace kaisar::kernels
