#include "audit/geography.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

constexpr double kEarthRadiusKm = 6371.0;  // the mean one
constexpr std::uint32_t kMostRadiusKm = 20'000;

absl::Status Malformed(absl::string_view text, absl::string_view what, absl::string_view value,
                       absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", text, "': ", what, " is '", value, "', expected ", expected));
}

absl::StatusOr<double> ParseDegrees(absl::string_view text, absl::string_view what,
                                    absl::string_view value, int most) {
  double degrees = 0;
  // Written so that NaN is refused, too.
  if (absl::SimpleAtod(value, &degrees) && degrees >= -most && degrees <= most) return degrees;
  return Malformed(text, what, value, absl::StrCat("-", most, " to ", most, " degrees"));
}

double Radians(double degrees) {
  return degrees * std::numbers::pi / 180;
}

}  // namespace

absl::StatusOr<Place> ParsePlace(absl::string_view text, std::uint32_t default_radius_km) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ',');
  if (parts.size() != 2 && parts.size() != 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is no place, expected LAT,LON or LAT,LON,KM"));
  }
  Place place;
  ASSIGN_OR_RETURN(place.latitude, ParseDegrees(text, "latitude", parts[0], 90));
  ASSIGN_OR_RETURN(place.longitude, ParseDegrees(text, "longitude", parts[1], 180));
  place.radius_km = default_radius_km;
  if (parts.size() == 3 &&
      (!absl::SimpleAtoi(parts[2], &place.radius_km) || place.radius_km > kMostRadiusKm)) {
    return Malformed(text, "radius", parts[2], absl::StrCat("0 to ", kMostRadiusKm, " km"));
  }
  return place;
}

std::uint32_t LeastKm(const Place& a, const Place& b) {
  // The haversine formula: exact for points near each other, too.
  const double north = std::sin(Radians(b.latitude - a.latitude) / 2);
  const double east = std::sin(Radians(b.longitude - a.longitude) / 2);
  const double half =
      north * north + std::cos(Radians(a.latitude)) * std::cos(Radians(b.latitude)) * east * east;
  const double km = 2 * kEarthRadiusKm * std::asin(std::sqrt(std::clamp(half, 0.0, 1.0)));
  const auto whole = static_cast<std::uint32_t>(km);
  const std::uint32_t radii = a.radius_km + b.radius_km;
  return whole > radii ? whole - radii : 0;
}

std::uint32_t MostKm(std::uint32_t rtt_us) {
  // RTTs are rounded down to microseconds, so the true one is below the next.
  return static_cast<std::uint32_t>(((std::uint64_t{rtt_us} + 1) * kMostKmPerMs + 999) / 1000);
}

}  // namespace kaisar::audit
