#pragma once

#include <initializer_list>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"

namespace kaisar::provider {

enum class EventLevel { kInfo, kWarning };

struct EventField {
  EventField(absl::string_view field_key, const absl::AlphaNum& field_value)
      : key(field_key), value(field_value.Piece()) {}
  absl::string_view key;
  std::string value;
};

/// Logs one event as one line: `event=NAME key=value …`. Values with anything but printable ASCII,
/// or with blanks or quotes, are quoted and escaped, so that no peer can forge a line. At most 600
/// warnings a minute, the rest are dropped.
///
/// Threads: from any thread; does not block when the default logger is an asynchronous one.
void LogEvent(EventLevel level, absl::string_view event, std::initializer_list<EventField> fields);

/// The first 8 bytes of an id in hex: enough to find it in a log.
std::string ShortId(ByteView id);

}  // namespace kaisar::provider
