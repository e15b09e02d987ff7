#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <string>
#include <vector>

namespace kaisar::testing {

/// One change to one field of a message.
struct FieldChange {
  std::string path;   // "closed.latency.echoes[1].rtt_us"
  std::string field;  // the path without places: "closed.latency.echoes.rtt_us"
  std::string kind;   // "flip", "zero", "max", …
  /// Makes the change to a message that is equal to the one that was looked at.
  std::function<void(google::protobuf::Message&)> apply;
};

/// Every change to every field of a message and of all messages within it, found by reflection, so
/// that no field which the format gains is forgotten. Each makes the message another one.
///
/// Result: of a number: its lowest bit flipped, 0, half, the largest; of an enumeration: every
/// other
///         value, and one that does not exist; of text and bytes: a bit of the first and of the
///         last byte flipped, emptied, one byte appended, the last one cut off, 4096 bytes
///         appended; of a message: removed, or added empty where there is none (not within a
///         oneof), an unknown field; of a list: emptied, an element removed from either end,
///         doubled, appended empty or 0, the first two and the outermost exchanged. Elements of
///         lists longer than eight are changed at both ends and in the middle alone.
std::vector<FieldChange> FieldChanges(const google::protobuf::Message& message);

}  // namespace kaisar::testing
