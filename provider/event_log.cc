#include "provider/event_log.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "base/hex.h"
#include "spdlog/spdlog.h"

namespace kaisar::provider {
namespace {

bool IsPlain(absl::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
  });
}

}  // namespace

void LogEvent(EventLevel level, absl::string_view event, std::initializer_list<EventField> fields) {
  const spdlog::level::level_enum spd_level =
      level == EventLevel::kInfo ? spdlog::level::info : spdlog::level::warn;
  if (!spdlog::should_log(spd_level)) return;
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

std::string ShortId(ByteView id) { return ToHex(id.subspan(0, std::min<std::size_t>(8, id.size()))); }

}  // namespace kaisar::provider
