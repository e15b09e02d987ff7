// One line per event, whatever text from outside is in it.
#include "checker/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/checker/dispatch_scene.h"

namespace kaisar::testing {
namespace {

using checker::FormatEvent;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(EventLog, WritesKeysAndValues) {
  EXPECT_EQ(FormatEvent("closed", {{"device", "3"}, {"verdict", "PASS"}}),
            "closed device=3 verdict=PASS");
}

TEST(EventLog, QuotesWhatWouldBreakALine) {
  EXPECT_EQ(FormatEvent("closed", {{"detail", "a b"}, {"x", ""}, {"y", "k=v"}}),
            R"(closed detail="a b" x="" y="k=v")");
  EXPECT_EQ(FormatEvent("closed", {{"detail", "say \"\\\"\n\x1b[2J\xff"}}),
            R"(closed detail="say \"\\\"\x0a\x1b[2J\xff")");
}

TEST(EventLog, SaysWhatAChallengeCameTo) {
  DispatchScene scene(2);
  scene.client.behaviour(2).declines = true;
  std::vector<std::string> lines;
  scene.on_outcome = [&](const checker::Outcome& outcome) {
    lines.push_back(FormatEvent("closed", checker::FieldsOf(outcome, TestPolicy())));
  };
  scene.Begin(
      {Planned(100, 1, v1::LATENCY, 5), Planned(200, 1, v1::MATMUL), Planned(300, 2, v1::MATMUL)});
  scene.RunFor(2000);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0],
            "closed device=1 kind=latency q=5 verdict=PASS due_ms=100 sent_ms=100 elapsed_ms=40 "
            "rtt_us=1000 lost=0");
  // 2 · 256³ · 2 operations in 20 ms less the ping of 1 ms, nine tenths of the raw time at least.
  EXPECT_THAT(lines[1], HasSubstr("ops_per_second=3532"));
  EXPECT_THAT(lines[2], HasSubstr("verdict=FAIL reason=REFUSED"));
  EXPECT_THAT(lines[2], Not(HasSubstr("\n")));
}

TEST(EventLog, SaysWhatBandwidthWasMeasured) {
  DispatchScene scene(1);
  scene.client.behaviour(1).received_bytes = 25'000'000;
  std::string line;
  scene.on_outcome = [&](const checker::Outcome& outcome) {
    line = FormatEvent("closed", checker::FieldsOf(outcome, TestPolicy()));
  };
  scene.Begin({Planned(100, 1, v1::BANDWIDTH)});
  scene.RunFor(10'000);
  EXPECT_THAT(line, HasSubstr("kind=bandwidth q=0 verdict=PASS"));
  EXPECT_THAT(line, HasSubstr("down_bits_per_second=100000000 up_bits_per_second=1100000000"));
}

}  // namespace
}  // namespace kaisar::testing
