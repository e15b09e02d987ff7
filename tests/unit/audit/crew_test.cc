#include "audit/crew.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>
#include <vector>

namespace kaisar::audit {
namespace {

TEST(Crew, OfOneDoesPiecesInTheOrderOfTheirStart) {
  Crew crew(1);
  std::vector<int> done;
  Crew::Piece first, second, third;
  crew.Start(first, [&] { done.push_back(1); });
  crew.Start(second, [&] { done.push_back(2); });
  crew.Start(third, [&] { done.push_back(3); });
  crew.Finish(second);
  EXPECT_EQ(done, (std::vector<int>{1, 2}));
  crew.Finish(first);
  crew.Finish(third);
  EXPECT_EQ(done, (std::vector<int>{1, 2, 3}));
}

TEST(Crew, OfManyDoesEveryPieceOnce) {
  constexpr int kPieces = 1000;
  Crew crew(4);
  EXPECT_EQ(crew.threads(), 4);
  std::vector<int> done(kPieces);
  std::deque<Crew::Piece> pieces(kPieces);
  for (int i = 0; i < kPieces; ++i) {
    const auto at = static_cast<std::size_t>(i);
    crew.Start(pieces[at], [&done, at] { ++done[at]; });
  }
  for (const Crew::Piece& piece : pieces) crew.Finish(piece);
  EXPECT_EQ(done, std::vector<int>(kPieces, 1));
}

TEST(Crew, WorksOnTwoPiecesAtTheSameTime) {
  Crew crew(2);
  std::promise<void> from_first, from_second;
  Crew::Piece first, second;
  crew.Start(first, [&] {
    from_first.set_value();
    from_second.get_future().wait();
  });
  crew.Start(second, [&] {
    from_first.get_future().wait();
    from_second.set_value();
  });
  crew.Finish(first);
  crew.Finish(second);
}

TEST(Crew, LeavesOutWhatNobodyBeganWhenItEnds) {
  std::atomic<int> done = 0;
  Crew::Piece piece;
  {
    Crew crew(1);
    crew.Start(piece, [&] { ++done; });
  }
  EXPECT_EQ(done, 0);
}

}  // namespace
}  // namespace kaisar::audit
