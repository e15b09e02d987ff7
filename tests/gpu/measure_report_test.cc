#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/gpu/measurement.h"
#include "tests/gpu/stopwatch.h"

namespace kaisar::kernels {
namespace {

using ::testing::HasSubstr;

// 2·1024³ operations in 2 µs are 1073.7 · 10^12 a second.
std::vector<Measured> TwoRows() {
  const double operations = 2.0 * 1024 * 1024 * 1024;
  return {{"wgmma", 1024, 0, operations, {3, 2, 1}, "cuBLASLt", ""},
          {"cuBLASLt", 1024, 0, operations, {1, 1, 1, 1}, "cuBLASLt", ""},
          {"cuBLASLt + epilogue", 1024, 0, operations, {4.0 / 3, 1, 2}, "cuBLASLt", ""},
          {"cuBLASLt", 4096, 0, operations, {8}, "cuBLASLt", ""}};
}

TEST(MeasureReport, TakesTheMedianAndTheLeast) {
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(Median({}), 0);
  EXPECT_EQ(Least({3, 1, 2}), 1);
}

TEST(MeasureReport, ComparesWithTheLibraryAtTheSameSize) {
  Setting setting;
  setting.datasheet_tops = 2147.483648;
  const nlohmann::json json = ToJson(setting, TwoRows());
  const nlohmann::json& wgmma = json["measured"][0];
  EXPECT_DOUBLE_EQ(wgmma["tops"], 1073.741824);
  EXPECT_DOUBLE_EQ(wgmma["beside_cublas"], 0.5);
  EXPECT_EQ(wgmma["samples_us"].size(), 3U);
  EXPECT_EQ(json["cublas"], "absent");
  EXPECT_THAT(Table(setting, TwoRows()), HasSubstr("1073.7      0.500      0.500      0.667"));
}

TEST(MeasureReport, LeavesOutWhatIsNotKnown) {
  Setting setting;
  std::vector<Measured> rows = TwoRows();
  rows.resize(1);
  EXPECT_EQ(ToJson(setting, rows)["measured"][0]["beside_cublas"], 0.0);
  EXPECT_THAT(Table(setting, rows), HasSubstr("1073.7          -          -          -"));
}

TEST(MeasureReport, MarksWhatIsWrong) {
  std::vector<Measured> rows = TwoRows();
  rows[0].wrong = "wgmma at n = 1024: 3 of 1048576 bytes differ, the first at 7";
  EXPECT_THAT(Table(Setting(), rows), HasSubstr("WRONG: wgmma at n = 1024: 3 of 1048576 bytes"));
}

}  // namespace
}  // namespace kaisar::kernels
