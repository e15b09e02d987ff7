#include "challenges/bandwidth/library_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "challenges/bandwidth/terms.h"

namespace kaisar::challenges {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSums[] =
    R"("sum_sent":{"bytes":1,"seconds":1.5},"sum_received":{"bytes":2,"seconds":1.5})";

std::string WithEnd(const std::string& end) {
  return R"({"start":{"version":"iperf 3.12","system_info":"Linux secret-host"},"end":{)" + end +
         "}}";
}

TEST(LibraryJson, IsOneLineWithoutTheNameOfTheMachine) {
  const LibraryJson json =
      ReadLibraryJson("{\n\t\"start\":\t{\"system_info\": \"secret-host\"},\n" +
                      std::string("\"end\": {") + kSums + "}\n}\n");
  EXPECT_EQ(json.line, R"({"start":{},"end":{)" + std::string(kSums) + "}}");
  EXPECT_TRUE(json.has_sums);
  EXPECT_EQ(json.error, "");
}

TEST(LibraryJson, ItsErrorIsFoundAndMadeFitForALine) {
  EXPECT_EQ(ReadLibraryJson(R"({"error":"it\nbroke"})").error, "it?broke");
  EXPECT_EQ(ReadLibraryJson(R"({"error":7})").error, "an error that is no text");
  EXPECT_EQ(ReadLibraryJson("{").error, "libiperf's result is no JSON");
  EXPECT_EQ(ReadLibraryJson("").error, "");
}

TEST(LibraryJson, SumsAreMissedWhenOneCountIs) {
  for (const char* end : {"", R"("sum_sent":{"bytes":1,"seconds":1})",
                          R"("sum_sent":{"bytes":1,"seconds":1},"sum_received":{"bytes":1})",
                          R"("sum_sent":{"bytes":"1","seconds":1},"sum_received":{"bytes":1})",
                          R"("sum_sent":{"bytes":1,"seconds":null},"sum_received":[])"}) {
    EXPECT_FALSE(ReadLibraryJson(WithEnd(end)).has_sums) << end;
  }
  EXPECT_TRUE(ReadLibraryJson(WithEnd(kSums)).has_sums);
}

TEST(LibraryJson, TheOtherSidesTextsAreCut) {
  const std::string end =
      std::string(kSums) + R"(,"receiver_tcp_congestion":")" + std::string(200'000, 'x') + "\"";
  const LibraryJson json = ReadLibraryJson(WithEnd(end));
  EXPECT_LT(json.line.size(), 1'000u);
  EXPECT_THAT(json.line, HasSubstr("receiver_tcp_congestion"));
  for (const char* key : {"title", "extra_data", "server_output_text"}) {
    EXPECT_THAT(ReadLibraryJson(std::string("{\"") + key + "\":\"x\"}").line, Not(HasSubstr(key)));
  }
}

TEST(LibraryJson, WhatIsNestedDeeplyIsLeftOut) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  const LibraryJson json = ReadLibraryJson(WithEnd("\"x\":" + deep + "," + kSums));
  EXPECT_THAT(json.line, HasSubstr("[[[null]]]"));
  EXPECT_LT(json.line.size(), 1'000u);
  EXPECT_TRUE(json.has_sums);
  EXPECT_EQ(json.error, "");
}

TEST(LibraryJson, BracketsInTextsAreNoNesting) {
  const std::string end = R"("x":"\"[[[[[[[[[[[[[[[[[[[[","y":"\\",)" + std::string(kSums);
  EXPECT_EQ(ReadLibraryJson("{\"end\":{" + end + "}}").line, "{\"end\":{" + end + "}}");
}

TEST(LibraryJson, StreamsGoBeforeALineIsTooLong) {
  std::string streams = "{}";
  for (int i = 0; i < 20'000; ++i) streams += ",{}";
  const LibraryJson json =
      ReadLibraryJson(WithEnd("\"streams\":[" + streams + "]," + std::string(kSums)));
  EXPECT_LT(json.line.size(), kMostBandwidthResultBytes);
  EXPECT_TRUE(json.has_sums);
}

}  // namespace
}  // namespace kaisar::challenges
