#include "provider/event_log.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/mutex.h"
#include "provider/rate_limit.h"
#include "spdlog/spdlog.h"

namespace kaisar::provider {
namespace {

bool IsPlain(absl::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
  });
}

// A peer that is refused for ever must not fill the disk.
constexpr std::uint32_t kWarningsPerMinute = 600;

bool TakeWarning() {
  static Mutex mutex;
  static RateLimiter limiter(kWarningsPerMinute, kWarningsPerMinute);
  MutexLock lock(mutex);
  return limiter.Take(RealClock().MonotonicNs());
}

}  // namespace

void LogEvent(EventLevel level, absl::string_view event, std::initializer_list<EventField> fields) {
  const spdlog::level::level_enum spd_level =
      level == EventLevel::kInfo ? spdlog::level::info : spdlog::level::warn;
  if (!spdlog::should_log(spd_level)) return;
  if (level == EventLevel::kWarning && !TakeWarning()) return;
  std::string line = absl::StrCat("event=", event);
  for (const auto& [key, value] : fields) {
    if (IsPlain(value)) {
      absl::StrAppend(&line, " ", key, "=", value);
    } else {
      absl::StrAppend(&line, " ", key, "=\"", absl::CEscape(value), "\"");
    }
  }
  spdlog::log(spd_level, "{}", line);
}

std::string ShortId(ByteView id) {
  return ToHex(id.subspan(0, std::min<std::size_t>(8, id.size())));
}

}  // namespace kaisar::provider
