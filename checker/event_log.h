#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "challenges/policy.h"
#include "checker/dispatcher.h"

namespace kaisar::checker {

/// `key=value` of an event line.
struct EventField {
  std::string key;
  std::string value;
};

/// `event key=value …`; a value with spaces, quotes or anything unprintable is quoted and escaped.
std::string FormatEvent(absl::string_view event, const std::vector<EventField>& fields);

/// What an event line says about a closed challenge.
std::vector<EventField> FieldsOf(const Outcome& outcome, const challenges::Policy& policy);

/// One structured line per event on standard error: `time level event key=value …`.
///
/// Threads:  all methods from any thread; none blocks: when the reader of standard error is slow,
/// the
///           oldest of 8192 lines are dropped.
/// Liveness: the thread "log lines" ends in the destructor, after the last line is written; depends
/// on
///           the reader of standard error.
class EventLog {
 public:
  /// `level` is trace, debug, info, warn or error.
  static std::unique_ptr<EventLog> ToStandardError(const std::string& level);
  virtual ~EventLog() = default;

  /// From now on lines of this level and above are written; "off": none.
  virtual void SetLevel(const std::string& level) = 0;
  virtual void Info(absl::string_view event, const std::vector<EventField>& fields) = 0;
  virtual void Warn(absl::string_view event, const std::vector<EventField>& fields) = 0;
  virtual void Error(absl::string_view event, const std::vector<EventField>& fields) = 0;
};

}  // namespace kaisar::checker
