#include "challenges/bandwidth/iperf_asked.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "challenges/bandwidth/terms.h"

namespace kaisar::challenges {
namespace {

// A client divides the rate among its streams and rounds up.
constexpr std::uint64_t kSpareShare = 20;  // of the rate

template <typename Number>
absl::Status CheckAsked(absl::string_view what, Number asked, Number least, Number most) {
  if (asked >= least && asked <= most) return absl::OkStatus();
  const std::string allowed =
      least == most ? absl::StrCat(least) : absl::StrCat(least, " to ", most);
  return absl::PermissionDeniedError(
      absl::StrCat("the client asked for ", what, " ", asked, ", allowed is ", allowed));
}

absl::Status CheckDirection(bool reverse, v1::Direction direction) {
  if (direction == v1::DIRECTION_UNSPECIFIED || reverse == (direction == v1::UP)) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(absl::StrCat("the client asked for a test ",
                                                  reverse ? "up" : "down", ", allowed is ",
                                                  reverse ? "down" : "up"));
}

}  // namespace

absl::Status ValidateAsked(const AskedTest& asked, const IperfTask& task) {
  constexpr std::uint64_t kNone = 0;
  if (!asked.tcp) {
    return absl::PermissionDeniedError("the client asked for another protocol, allowed is TCP");
  }
  RETURN_IF_ERROR(CheckDirection(asked.reverse, task.direction));
  RETURN_IF_ERROR(CheckAsked<std::int64_t>("seconds", asked.seconds, 1, task.seconds));
  RETURN_IF_ERROR(
      CheckAsked<std::int64_t>("omitted seconds", asked.omitted_seconds, 0, kUncountedSeconds));
  RETURN_IF_ERROR(CheckAsked<std::int64_t>("streams", asked.streams, 1, task.streams));
  if (task.bits_per_second > 0) {
    const std::uint64_t most = task.bits_per_second + task.bits_per_second / kSpareShare;
    RETURN_IF_ERROR(CheckAsked<std::uint64_t>("bits per second of each stream",
                                              asked.stream_bits_per_second, 1,
                                              most / static_cast<std::uint64_t>(asked.streams)));
  }
  RETURN_IF_ERROR(CheckAsked<std::int64_t>("block bytes", asked.block_bytes, kLeastBlockBytes,
                                           kMostBlockBytes));
  RETURN_IF_ERROR(CheckAsked("bytes", asked.bytes, kNone, kNone));
  RETURN_IF_ERROR(CheckAsked("blocks", asked.blocks, kNone, kNone));
  RETURN_IF_ERROR(CheckAsked<std::int64_t>("burst", asked.burst, 0, 0));
  RETURN_IF_ERROR(CheckAsked<std::int64_t>("window bytes", asked.window_bytes, 0, 0));
  return CheckAsked<std::int64_t>("segment bytes", asked.segment_bytes, 0, 0);
}

}  // namespace kaisar::challenges
