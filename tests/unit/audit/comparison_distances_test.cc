#include "audit/comparison_distances.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

#include "tests/unit/audit/comparison_scene.h"

namespace kaisar::audit {
namespace {

using ::testing::HasSubstr;

constexpr Place kFrankfurt{50.11, 8.68, 0};
constexpr Place kNewYork{40.71, -74.01, 0};
constexpr Place kTokyo{35.68, 139.69, 0};
constexpr Place kEurope{50, 9, 1500};

/// Checkers in Frankfurt, New York and Tokyo.
Geography ThreeCheckers() {
  return {{{0, kFrankfurt}, {1, kNewYork}, {2, kTokyo}}, {{"eu", kEurope}}};
}

std::set<std::uint32_t> SlotsOf(const Finding& finding) {
  std::set<std::uint32_t> slots;
  for (const auto& [slot, records] : finding.records) slots.insert(slot);
  return slots;
}

TEST(LeastKm, IsTheGreatCircleLessBothRadii) {
  EXPECT_NEAR(LeastKm(kFrankfurt, kNewYork), 6'200, 15);
  EXPECT_NEAR(LeastKm(kFrankfurt, kTokyo), 9'330, 40);
  EXPECT_NEAR(LeastKm({0, 0, 0}, {0, 180, 0}), 20'015, 1);
  EXPECT_NEAR(LeastKm({0, 179.5, 0}, {0, -179.5, 0}), 111, 1);
  EXPECT_NEAR(LeastKm({0, 0, 30}, {0, 1, 50}), 31, 1);
  EXPECT_EQ(LeastKm({0, 0, 60}, {0, 1, 60}), 0u);
}

TEST(MostKm, IsATenthMoreThanLightInFibreCovers) {
  EXPECT_EQ(MostKm(1'000), 111u);  // of 1001 us, rounded up
  EXPECT_EQ(MostKm(0), 1u);
  EXPECT_EQ(MostKm(4'294'967'295u), 472'446'403u);
}

TEST(ParsePlace, NamesWhatItCannotRead) {
  const auto place = ParsePlace("-33.87,151.21,20", 50);
  ASSERT_TRUE(place.ok());
  EXPECT_EQ(place->latitude, -33.87);
  EXPECT_EQ(place->radius_km, 20u);
  EXPECT_EQ(ParsePlace("1,2", 50)->radius_km, 50u);
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"1", "expected LAT,LON or LAT,LON,KM"},
           {"91,0", "latitude is '91', expected -90 to 90 degrees"},
           {"nan,0", "latitude is 'nan'"},
           {"0,181", "longitude is '181', expected -180 to 180 degrees"},
           {"0,0,-1", "radius is '-1', expected 0 to 20000 km"},
           {"0,0,20001", "radius is '20001'"},
           {"0,0,1,1", "expected LAT,LON"}}) {
    EXPECT_THAT(std::string(ParsePlace(text, 50).status().message()), HasSubstr(message));
  }
}

TEST(FindImpossibleDistances, CatchesADeviceThatRelaysFromAfar) {
  ComparisonScene scene(3);
  scene.AddDevice(4, "a");  // says that it is in Europe, and has somebody near New York answer
  scene.SetRtt(0, 4, 90'000);
  scene.SetRtt(1, 4, 6'000);
  scene.SetRtt(2, 4, 180'000);
  const DistanceComparison found = FindImpossibleDistances(scene.logs, ThreeCheckers());
  ASSERT_EQ(found.findings.size(), 1u);
  EXPECT_EQ(SlotsOf(found.findings[0]), std::set<std::uint32_t>{1});
  EXPECT_EQ(found.findings[0].records.at(1), std::vector<std::uint64_t>{104});
  EXPECT_THAT(found.findings[0].sentence,
              HasSubstr("Device 4 answered slot 1 in 6.00 ms, so from at most 661 km away, but its "
                        "region 'eu' begins 47"));
  EXPECT_EQ(found.pairs_checked, 3u);
  EXPECT_EQ(found.regions_checked, 3u);
}

TEST(FindImpossibleDistances, CatchesProxiesNearEachChecker) {
  ComparisonScene scene(3);
  scene.AddDevice(4, "a", "nowhere");
  for (std::uint32_t slot = 0; slot < 3; ++slot) scene.SetRtt(slot, 4, 2'000);
  const DistanceComparison found = FindImpossibleDistances(scene.logs, ThreeCheckers());
  ASSERT_EQ(found.findings.size(), 3u);
  EXPECT_EQ(SlotsOf(found.findings[0]), (std::set<std::uint32_t>{0, 1}));
  EXPECT_THAT(found.findings[0].sentence, HasSubstr("machines at two places answer for it"));
}

TEST(FindImpossibleDistances, PointsAtTheCheckerThatLiesAboutItsTimes) {
  ComparisonScene scene(3);
  for (std::uint32_t device = 1; device <= 5; ++device) {
    scene.AddDevice(device, "a");  // all in Europe
    scene.SetRtt(0, device, 9'000);
    scene.SetRtt(1, device, 95'000);
    scene.SetRtt(2, device, device == 5 ? 240'000 : 3'000);  // four friends of slot 2's
  }
  const DistanceComparison found = FindImpossibleDistances(scene.logs, ThreeCheckers());
  for (const Finding& finding : found.findings) {
    EXPECT_EQ(SlotsOf(finding).count(2), 1u) << finding.sentence;
  }
  EXPECT_EQ(found.slots.at(2).devices, 4u);
  EXPECT_EQ(found.slots.at(2).answered, 5u);
  EXPECT_EQ(found.slots_in_all, std::set<std::uint32_t>{2});
}

TEST(FindImpossibleDistances, ChecksNothingWithoutPlaces) {
  ComparisonScene scene(2);
  scene.AddDevice(1, "a");
  scene.SetRtt(0, 1, 1);
  scene.SetRtt(1, 1, 1);
  const DistanceComparison found = FindImpossibleDistances(scene.logs, {{}, {{"eu", kEurope}}});
  EXPECT_EQ(found.pairs_checked + found.regions_checked, 0u);
  EXPECT_TRUE(found.findings.empty());
}

/// Unit vector of a place; distances by another formula than the code's.
std::array<double, 3> VectorOf(const Place& place) {
  const double lat = place.latitude * M_PI / 180, lon = place.longitude * M_PI / 180;
  return {std::cos(lat) * std::cos(lon), std::cos(lat) * std::sin(lon), std::sin(lat)};
}

double KmBetween(const Place& a, const Place& b) {
  const auto u = VectorOf(a), v = VectorOf(b);
  const double dot = u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
  return 6371.0 * std::acos(std::clamp(dot, -1.0, 1.0));
}

Place SomewhereWithin(const Place& place, std::mt19937_64& random) {
  std::uniform_real_distribution<double> part(-1, 1);
  for (;;) {
    const double degrees = place.radius_km / 111.0;
    const Place found{std::clamp(place.latitude + part(random) * degrees, -90.0, 90.0),
                      place.longitude + part(random) * degrees * 3, 0};
    if (KmBetween(place, found) <= place.radius_km) return found;
  }
}

TEST(FindImpossibleDistances, AccusesNoHonestDeviceWithTheBestOfLines) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> lat(-65, 65), lon(-180, 180);
    Geography geography;
    std::vector<Place> true_places;
    for (std::uint32_t slot = 0; slot < 5; ++slot) {
      const Place said{lat(random), lon(random), 50};
      geography.checkers[slot] = said;
      true_places.push_back(SomewhereWithin(said, random));
    }
    ComparisonScene scene(5);
    for (std::uint32_t device = 1; device <= 4; ++device) {
      const std::string region = "region " + std::to_string(device);
      geography.regions[region] = {lat(random), lon(random), 400};
      scene.AddDevice(device, "a", region);
      const Place at = SomewhereWithin(geography.regions[region], random);
      for (std::uint32_t slot = 0; slot < 5; ++slot) {
        // A straight line of the fastest fibre on an Earth that is flatter than a sphere, and next
        // to no jitter.
        const double km = KmBetween(at, true_places[slot]) * 0.994;
        const double jitter_us = std::exponential_distribution<double>(1.0 / 20)(random);
        scene.SetRtt(slot, device, static_cast<std::uint32_t>(km / 0.1025 + jitter_us));
      }
    }
    const DistanceComparison found = FindImpossibleDistances(scene.logs, geography);
    EXPECT_EQ(found.pairs_checked, 40u);
    for (const Finding& finding : found.findings) ADD_FAILURE() << seed << ": " << finding.sentence;
  }
}

}  // namespace
}  // namespace kaisar::audit
