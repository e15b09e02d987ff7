// What hands work between threads: events in, checks out, and whose turn it is.
#include "checker/event_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "checker/check_pool.h"
#include "checker/turns.h"

namespace kaisar::testing {
namespace {

using checker::CheckPool;
using checker::EventQueue;
using checker::Turns;

TEST(EventQueue, RunsInOrderAndLeavesWhatEventsPushForLater) {
  EventQueue queue(8);
  std::vector<int> ran;
  queue.Push([&] {
    ran.push_back(1);
    queue.Push([&] { ran.push_back(3); });
  });
  queue.Push([&] { ran.push_back(2); });
  EXPECT_EQ(queue.RunPending(), 2u);
  EXPECT_EQ(ran, (std::vector<int>{1, 2}));
  EXPECT_EQ(queue.RunPending(), 1u);
  EXPECT_EQ(ran.back(), 3);
}

TEST(EventQueue, DropsEverythingOnceClosed) {
  EventQueue queue(8);
  bool ran = false;
  queue.Push([&] { ran = true; });
  queue.Close();
  queue.Push([&] { ran = true; });
  EXPECT_EQ(queue.RunPending(), 0u);
  EXPECT_FALSE(ran);
}

// A wait without end would run into the test's time limit.
TEST(EventQueue, WaitsForAnEventOrAWakeUp) {
  constexpr std::uint64_t kForEverMs = 1'000'000'000;
  EventQueue queue(8);
  std::thread pusher([&] { queue.Push([] {}); });
  queue.WaitFor(kForEverMs);
  EXPECT_EQ(queue.RunPending(), 1u);
  pusher.join();
  queue.Wake();
  queue.WaitFor(kForEverMs);
  std::thread waker([&] { queue.Wake(); });
  queue.WaitFor(kForEverMs);
  waker.join();
}

TEST(EventQueue, TakesEventsFromManyThreads) {
  EventQueue queue(4000);
  std::vector<std::thread> threads;
  std::uint64_t sum = 0;  // only this thread runs events
  for (std::uint64_t t = 1; t <= 4; ++t) {
    threads.emplace_back([&queue, &sum, t] {
      for (int i = 0; i < 1000; ++i) queue.Push([&sum, t] { sum += t; });
    });
  }
  std::size_t ran = 0;
  while (ran < 4000) {
    queue.WaitFor(1000);
    ran += queue.RunPending();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, 10'000u);
}

TEST(CheckPool, FinishesAllJobsBeforeItEnds) {
  std::atomic<int> done = 0;
  {
    CheckPool pool(3);
    for (int i = 0; i < 500; ++i) pool.Submit([&] { ++done; });
  }
  EXPECT_EQ(done.load(), 500);
}

TEST(Turns, LetsADeviceRunOneAtATimeInOrder) {
  Turns slots(4);
  slots.Enqueue(10, 1);
  slots.Enqueue(11, 1);
  slots.Enqueue(12, 2);
  slots.Enqueue(13, 1);
  EXPECT_EQ(slots.TakeNext(), 10u);
  EXPECT_EQ(slots.TakeNext(), 12u);
  EXPECT_EQ(slots.TakeNext(), std::nullopt);
  slots.Enqueue(14, 1);
  slots.Release(1);
  EXPECT_EQ(slots.TakeNext(), 11u);
  slots.Release(1);
  EXPECT_EQ(slots.TakeNext(), 13u);
  slots.Release(1);
  EXPECT_EQ(slots.TakeNext(), 14u);
}

TEST(Turns, GivesOutNoMoreThanItHas) {
  Turns slots(2);
  for (std::uint32_t i = 0; i < 4; ++i) slots.Enqueue(i, i);
  EXPECT_EQ(slots.TakeNext(), 0u);
  EXPECT_EQ(slots.TakeNext(), 1u);
  EXPECT_EQ(slots.TakeNext(), std::nullopt);
  EXPECT_EQ(slots.running(), 2u);
  slots.Release(0);
  EXPECT_EQ(slots.TakeNext(), 2u);
}

}  // namespace
}  // namespace kaisar::testing
