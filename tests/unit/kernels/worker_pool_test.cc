#include "kernels/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace kaisar::kernels {
namespace {

TEST(WorkerPool, DoesEveryPieceOnceInEveryRun) {
  for (int threads = 1; threads <= 4; ++threads) {
    WorkerPool pool(threads);
    for (int run = 0; run < 50; ++run) {
      std::vector<std::atomic<int>> done(97);
      const bool finished = pool.Run(
          done.size(),
          [&done, threads](std::size_t piece, std::size_t worker, const std::function<bool()>&) {
            EXPECT_LT(worker, static_cast<std::size_t>(threads));
            ++done[piece];
          },
          [] { return false; });
      EXPECT_TRUE(finished);
      for (const std::atomic<int>& count : done) EXPECT_EQ(count, 1);
    }
  }
}

TEST(WorkerPool, LeavesPiecesOutOnceItIsCancelledAndSaysSo) {
  WorkerPool pool(2);
  std::atomic<int> done = 0;
  EXPECT_FALSE(pool.Run(
      1'000'000, [&done](std::size_t, std::size_t, const std::function<bool()>&) { ++done; },
      [&done] { return done >= 10; }));
  EXPECT_LT(done, 1'000'000);
  EXPECT_TRUE(pool.Run(
      10, [](std::size_t, std::size_t, const std::function<bool()>&) {}, [] { return false; }));
}

TEST(WorkerPool, AsksOnTheCallersThreadOnly) {
  WorkerPool pool(3);
  const std::thread::id caller = std::this_thread::get_id();
  pool.Run(
      100,
      [](std::size_t, std::size_t, const std::function<bool()>& stop) {
        for (int i = 0; i < 10; ++i) EXPECT_FALSE(stop());
      },
      [caller] {
        EXPECT_EQ(std::this_thread::get_id(), caller);
        return false;
      });
}

}  // namespace
}  // namespace kaisar::kernels
