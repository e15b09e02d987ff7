#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kaisar::audit {

/// Somewhere within a circle on Earth.
///
/// Units: degrees, north and east positive; kilometres.
struct Place {
  double latitude = 0;
  double longitude = 0;
  std::uint32_t radius_km = 0;
};

/// How far a device can be from who got its answer after one ms, in kilometres. Light in fibre
/// covers 100 there and back. A tenth is added, so that nobody is accused who does nothing but have
/// good lines: the fastest fibre in use carries 102.5, distances on a sphere are up to 0.6 % longer
/// than on Earth, and the rest is for stretches by radio, where light is half as fast again.
inline constexpr std::uint64_t kMostKmPerMs = 110;

/// How far a checker may be from the place that is said of it, unless that says so itself: a city.
inline constexpr std::uint32_t kPlaceRadiusKm = 50;

/// Reads "50.11,8.68" or, with a radius, "50.11,8.68,300".
///
/// Errors: InvalidArgument with the text, the value and its range: latitude -90 to 90, longitude
///         -180 to 180, radius 0 to 20000 km.
absl::StatusOr<Place> ParsePlace(absl::string_view text, std::uint32_t default_radius_km);

/// No point of the one is nearer to a point of the other. Rounds down.
std::uint32_t LeastKm(const Place& a, const Place& b);

/// Nothing further away answers within `rtt_us`. Rounds up.
std::uint32_t MostKm(std::uint32_t rtt_us);

}  // namespace kaisar::audit
