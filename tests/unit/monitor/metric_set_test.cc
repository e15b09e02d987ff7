#include "monitor/metric_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include "tests/support/fake_clock.h"

namespace kaisar::monitor {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<MetricInfo>& Table() {
  static const std::vector<MetricInfo> table = {
      {"test_answers_total", MetricType::kCounter, "kind", "Answers, by kind."},
      {"test_queue_length", MetricType::kGauge, "", "What waits."},
      {"test_round_seconds", MetricType::kHistogram, "", "How long a round takes."},
  };
  return table;
}

TEST(MetricSet, WritesWhatWasCounted) {
  testing::FakeClock clock(0);
  MetricSet metrics(Table(), clock);
  metrics.Counter("test_answers_total", {{"kind", "a \"b\""}}).Increment(3);
  metrics.Counter("test_answers_total", {{"kind", "a \"b\""}}).Increment();
  metrics.Gauge("test_queue_length").Set(7);
  metrics.Histogram("test_round_seconds", {0.5, 1}).Observe(0.75);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("# HELP test_answers_total Answers, by kind.\n"
                              "# TYPE test_answers_total counter\n"
                              "test_answers_total{kind=\"a \\\"b\\\"\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("test_queue_length 7\n"));
  EXPECT_THAT(text, HasSubstr("test_round_seconds_bucket{le=\"0.5\"} 0\n"
                              "test_round_seconds_bucket{le=\"1\"} 1\n"));
}

TEST(MetricSet, LeavesOutAGaugeWhoseValueIsNoLongerKnown) {
  testing::FakeClock clock(0);
  MetricSet metrics(Table(), clock);
  metrics.Gauge("test_queue_length").Set(7);
  metrics.RemoveGauge("test_queue_length", {});
  metrics.RemoveGauge("test_queue_length", {});
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("test_queue_length ")));
  metrics.Gauge("test_queue_length").Set(8);
  clock.Advance(1000);
  EXPECT_THAT(metrics.Text(), HasSubstr("test_queue_length 8\n"));
}

TEST(MetricSet, HasTheFiguresOfItsProcess) {
  testing::FakeClock clock(0);
  MetricSet metrics(Table(), clock);
  const std::string text = metrics.Text();
  for (const char* name : {"process_cpu_seconds_total ", "process_resident_memory_bytes ",
                           "process_open_fds ", "process_start_time_seconds "}) {
    EXPECT_THAT(text, HasSubstr(name));
  }
  EXPECT_THAT(text, Not(HasSubstr("process_resident_memory_bytes 0\n")));
}

TEST(MetricSet, IsReadFourTimesASecondAtMost) {
  testing::FakeClock clock(0);
  MetricSet metrics(Table(), clock);
  int filled = 0;
  metrics.BeforeReading([&] { metrics.Gauge("test_queue_length").Set(++filled); });
  for (int i = 0; i < 1000; ++i) EXPECT_THAT(metrics.Text(), HasSubstr("test_queue_length 1\n"));
  clock.Advance(250);
  EXPECT_THAT(metrics.Text(), HasSubstr("test_queue_length 2\n"));
}

TEST(MetricSet, RaisesACounterToWhatWasCountedElsewhere) {
  testing::FakeClock clock(0);
  MetricSet metrics(Table(), clock);
  prometheus::Counter& counter = metrics.Counter("test_answers_total", {{"kind", "b"}});
  for (const double total : {3.0, 3.0, 5.5, 1.0}) RaiseTo(counter, total);
  EXPECT_EQ(counter.Value(), 5.5);
}

TEST(MetricSetDeathTest, TakesNothingThatIsNotInItsTable) {
  testing::FakeClock clock(0);
  MetricSet metrics(Table(), clock);
  EXPECT_DEATH(metrics.Gauge("test_unknown"), "");
  EXPECT_DEATH(metrics.Gauge("test_answers_total", {{"kind", "a"}}), "");
  EXPECT_DEATH(metrics.Counter("test_answers_total"), "");
  EXPECT_DEATH(metrics.Counter("test_answers_total", {{"device", "1"}}), "");
}

}  // namespace
}  // namespace kaisar::monitor
