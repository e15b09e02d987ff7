#include "base/utc_time.h"

#include "absl/time/time.h"

namespace kaisar {

std::string UtcTime(std::uint64_t unix_s) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC",
                          absl::FromUnixSeconds(static_cast<std::int64_t>(unix_s)),
                          absl::UTCTimeZone());
}

}  // namespace kaisar
