// The table and the JSON at the end of an epoch.
#include "checker/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace kaisar::testing {
namespace {

checker::EpochResult Result() {
  checker::EpochResult result;
  result.report.report.epoch = 7;
  result.records = 40;
  result.log_path = "data/epoch-7.log";
  result.report_path = "data/epoch-7.report.json";
  for (const std::uint32_t id : {1u, 22u}) {
    v1::Device& device = *result.roster.add_devices();
    device.set_id(id);
    device.set_device_class("cpu");
    device.set_ops_per_second(5'000'000'000);
    audit::DeviceScore score;
    score.device = id;
    result.scores.push_back(score);
  }
  audit::DeviceScore& good = result.scores[0];
  good.passed = 12;
  good.compute_ppm = 987'654;
  good.availability_ppm = 1'000'000;
  good.median_rtt_us = 412;
  good.median_ops_per_second = 4'938'270'000;
  good.median_down_bits_per_second = 941'000'000;
  good.median_up_bits_per_second = 93'900'000;
  good.score = 198;
  audit::DeviceScore& silent = result.scores[1];
  silent.failed = 3;
  silent.inconclusive = 9;
  silent.reasons[v1::UNREACHABLE] = 3;
  silent.explanation = "too little evidence";
  return result;
}

TEST(Summary, AlignsWhatEachDeviceEarned) {
  EXPECT_EQ(checker::SummaryTable(Result(), {{1, "one\x1b[2J"}}),
            "epoch 7, slot 0: 40 records\n"
            "device  what it is     pass/fail/inc.        rate  of claim        down           up  "
            " avail."
            "     RTT    score  why\n"
            "     1  one?[2J (cpu)          12/0/0  4.93 Gop/s    98.7 %  941 Mbit/s  93.9 Mbit/s  "
            "100.0 %"
            "  412 us  198/200\n"
            "    22  (cpu)                   0/3/9           -         -           -            -  "
            "  0.0 %"
            "       -     none  too little evidence\n"
            "log:    data/epoch-7.log\n"
            "report: data/epoch-7.report.json\n");
}

TEST(Summary, SaysTheSameInJson) {
  const auto json = nlohmann::json::parse(checker::SummaryJson(Result(), {{1, "caf\xe9"}}));
  EXPECT_EQ(json["epoch"], 7);
  ASSERT_EQ(json["devices"].size(), 2u);
  EXPECT_EQ(json["devices"][0]["score"], 198);
  EXPECT_EQ(json["devices"][0]["compute_ppm"], 987'654);
  EXPECT_TRUE(json["devices"][1]["score"].is_null());
  EXPECT_EQ(json["devices"][1]["reasons"]["UNREACHABLE"], 3);
}

}  // namespace
}  // namespace kaisar::testing
