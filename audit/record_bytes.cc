#include "audit/record_bytes.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include "absl/strings/str_cat.h"

namespace kaisar::audit {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

/// "closed.latency.echoes[2]: has an unknown field, number 9", the path from the inside out; empty
/// when all fields are known.
std::string UnknownField(const Message& message) {
  const auto& reflection = *message.GetReflection();
  const auto& unknown = reflection.GetUnknownFields(message);
  if (!unknown.empty()) {
    return absl::StrCat(": has an unknown field, number ", unknown.field(0).number());
  }
  const auto& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field.is_repeated()) {
      if (!reflection.HasField(message, &field)) continue;
      const std::string found = UnknownField(reflection.GetMessage(message, &field));
      if (!found.empty()) return absl::StrCat(".", field.name(), found);
      continue;
    }
    for (int k = 0; k < reflection.FieldSize(message, &field); ++k) {
      const std::string found = UnknownField(reflection.GetRepeatedMessage(message, &field, k));
      if (!found.empty()) return absl::StrCat(".", field.name(), "[", k, "]", found);
    }
  }
  return "";
}

}  // namespace

std::string WireFault(std::size_t size_bytes, const v1::Record& record) {
  const std::string unknown = UnknownField(record);
  // At the record itself there is no path.
  if (!unknown.empty()) return unknown.substr(unknown.front() == '.' ? 1 : 2);
  const std::size_t expected = record.ByteSizeLong();
  if (size_bytes == expected) return "";
  return absl::StrCat("is ", size_bytes, " bytes, expected ", expected,
                      " with each field written once and no longer than need be");
}

}  // namespace kaisar::audit
