#include "provider/stream_table.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/support/sample_provider.h"

namespace kaisar::provider {
namespace {

class FakeStream : public Stream {
 public:
  void EndIfLate(std::uint64_t now_ns) override {
    if (now_ns >= deadline_ns && !late_.exchange(true)) ended.set_value(absl::OkStatus());
  }
  void EndNow(absl::Status status) override { ended.set_value(std::move(status)); }
  std::atomic<std::uint64_t> deadline_ns = ~std::uint64_t{0};
  std::promise<absl::Status> ended;

 private:
  std::atomic<bool> late_ = false;
};

TEST(StreamTable, LimitsTheStreamsOfEachPeerByItself) {
  const FakeClock clock;
  StreamTable table(2, clock);
  const auto first = std::make_shared<FakeStream>();
  EXPECT_TRUE(table.Add(Filled(1), first).ok());
  EXPECT_TRUE(table.Add(Filled(1), std::make_shared<FakeStream>()).ok());
  EXPECT_EQ(table.Add(Filled(1), std::make_shared<FakeStream>()).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(table.Add(Filled(2), std::make_shared<FakeStream>()).ok());
  table.Remove(Filled(1), first);
  table.Remove(Filled(1), first);  // a stream that was never added, or is gone, frees nothing
  EXPECT_TRUE(table.Add(Filled(1), std::make_shared<FakeStream>()).ok());
  EXPECT_FALSE(table.Add(Filled(1), std::make_shared<FakeStream>()).ok());
}

TEST(StreamTable, EndsALateStream) {
  FakeClock clock;
  StreamTable table(2, clock);
  const auto stream = std::make_shared<FakeStream>();
  stream->deadline_ns = clock.MonotonicNs() + 1'000'000'000;
  ASSERT_TRUE(table.Add(Filled(1), stream).ok());
  clock.AdvanceMs(1000);
  EXPECT_TRUE(stream->ended.get_future().get().ok());
}

TEST(StreamTable, EndsAllAndTakesNoMore) {
  const FakeClock clock;
  StreamTable table(2, clock);
  const auto stream = std::make_shared<FakeStream>();
  ASSERT_TRUE(table.Add(Filled(1), stream).ok());
  table.EndAll();
  EXPECT_EQ(stream->ended.get_future().get().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(table.Add(Filled(1), std::make_shared<FakeStream>()).code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace kaisar::provider
