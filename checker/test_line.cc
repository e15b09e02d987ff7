#include "checker/test_line.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace kaisar::checker {
namespace {

// Between the last byte of a test and the next challenge there: processes start, queues drain.
constexpr std::uint64_t kApartMs = 500;
// Before the first byte the ends connect, agree and connect again, each a round trip or two.
constexpr std::uint64_t kStartingRtts = 8;
constexpr std::uint64_t kMostStartingMs = 2000;  // whatever RTT a device shows

}  // namespace

std::optional<OpenedTest> TestLine::TakeNext(std::uint64_t now_ms, std::uint64_t from_ms) {
  bool held_up[2] = {false, false};  // by direction
  for (auto test = waiting_.begin(); test != waiting_.end(); ++test) {
    bool& held = held_up[test->direction == v1::UP ? 1 : 0];
    if (held || !IsApart(*test, now_ms, from_ms)) continue;
    if (!budget_.HasRoom(test->direction, test->bits_per_second)) {
      held = true;
      continue;
    }
    const OpenedTest next = *test;
    waiting_.erase(test);
    budget_.Take(next.direction, next.bits_per_second);
    calendar_.Begin(next.device);
    return next;
  }
  return std::nullopt;
}

void TestLine::Release(const OpenedTest& test) {
  budget_.Release(test.direction, test.bits_per_second);
  calendar_.End(test.device);
}

bool TestLine::IsApart(const OpenedTest& test, std::uint64_t now_ms, std::uint64_t from_ms) const {
  if (calendar_.IsBusy(test.device)) return false;
  const std::optional<std::uint32_t> next_ms = calendar_.NextDue(test.device, from_ms);
  const std::uint64_t starting_ms =
      std::min(kStartingRtts * calendar_.RttUs(test.device) / 1000, kMostStartingMs);
  return !next_ms.has_value() ||
         *next_ms >= now_ms + std::uint64_t{test.seconds} * 1000 + starting_ms + kApartMs;
}

std::string TestLine::WaitsFor(const OpenedTest& test) const {
  if (!budget_.HasRoom(test.direction, test.bits_per_second)) {
    return absl::StrCat("room on the connection: ", test.bits_per_second, " bits/s beside ",
                        budget_.in_use(test.direction), " of ", budget_.most(test.direction));
  }
  return "its turn, or a pause between the endpoint's other challenges";
}

bool TestLine::Forget(std::uint32_t index) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const OpenedTest& test) { return test.index == index; });
  if (found == waiting_.end()) return false;
  waiting_.erase(found);
  return true;
}

}  // namespace kaisar::checker
