#include "audit/device_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kaisar::audit {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::vector<std::uint64_t> TimesOf(const Curve& curve) {
  std::vector<std::uint64_t> times;
  for (const Curve::Point& point : curve.Points()) times.push_back(point.due_ms);
  return times;
}

TEST(Curve, KeepsFewPointsInOrderOfTime) {
  Curve curve;
  EXPECT_TRUE(curve.empty());
  for (const std::uint64_t due_ms : {30u, 10u, 20u}) curve.Add(due_ms, due_ms * 2);
  EXPECT_THAT(TimesOf(curve), ElementsAre(10, 20, 30));
  EXPECT_EQ(curve.Points()[2].value, 60u);
  EXPECT_EQ(curve.stride(), 1u);
}

TEST(Curve, KeepsAllThatItHasRoomFor) {
  Curve curve;
  for (std::uint64_t i = 0; i < Curve::kMostPoints; ++i) curve.Add(i, i);
  EXPECT_THAT(curve.Points(), SizeIs(Curve::kMostPoints));
  EXPECT_EQ(curve.stride(), 1u);
}

TEST(Curve, OfManyPointsKeepsOneInEveryStride) {
  for (const std::uint64_t count :
       {Curve::kMostPoints + 1, 3 * Curve::kMostPoints, 1000 * Curve::kMostPoints + 7}) {
    Curve curve;
    for (std::uint64_t i = 0; i < count; ++i) curve.Add(i, i);
    const std::vector<std::uint64_t> times = TimesOf(curve);
    EXPECT_LE(times.size(), Curve::kMostPoints);
    EXPECT_GT(times.size(), Curve::kMostPoints / 2 - 1);
    EXPECT_EQ(times.size(), (count + curve.stride() - 1) / curve.stride());
    for (std::size_t i = 0; i < times.size(); ++i) EXPECT_EQ(times[i], i * curve.stride());
  }
}

}  // namespace
}  // namespace kaisar::audit
