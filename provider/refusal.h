#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "kaisar/v1/challenge.pb.h"

namespace kaisar::provider {

/// Why a challenge is not taken: by its terms, then by who asks and how.
inline constexpr absl::string_view kRefusalReasons[] = {
    "expired",      "too_far_ahead", "too_large", "tests_not_taken", "device_not_here",
    "taken_before", "busy",          "malformed", "not_permitted",   "too_often"};

/// A refusal, and which of kRefusalReasons it is.
struct Refused {
  absl::string_view reason;
  v1::Refusal message;
};

inline Refused Refuse(absl::string_view reason, std::string message) {
  Refused refused;
  refused.reason = reason;
  refused.message.set_message(std::move(message));
  return refused;
}

/// The reason of a stream that is ended instead.
inline absl::string_view ReasonOf(const absl::Status& status) {
  if (absl::IsInvalidArgument(status)) return "malformed";
  return absl::IsResourceExhausted(status) ? "too_often" : "not_permitted";
}

}  // namespace kaisar::provider
