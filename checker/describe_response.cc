#include "checker/describe_response.h"

#include <google/protobuf/unknown_field_set.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kaisar/v1/device.pb.h"
#include "kaisar/v1/provider.pb.h"

namespace kaisar::checker {
namespace {

using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;

/// Absent when the entry is no message.
std::optional<std::uint32_t> IdIn(const std::string& entry) {
  UnknownFieldSet fields;
  if (!fields.ParseFromString(entry)) return std::nullopt;
  std::uint32_t id = 0;  // is not written
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField& field = fields.field(i);
    if (field.number() == v1::DeviceDescription::kIdFieldNumber &&
        field.type() == UnknownField::TYPE_VARINT) {
      id = static_cast<std::uint32_t>(field.varint());  // the last one, as protobuf reads it
    }
  }
  return id;
}

}  // namespace

absl::StatusOr<DescribeParts> SplitDescribeResponse(const std::string& bytes) {
  UnknownFieldSet fields;
  if (!fields.ParseFromString(bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the answer of ", bytes.size(), " bytes is no protobuf message"));
  }
  DescribeParts parts;
  for (int i = 0; i < fields.field_count(); ++i) {
    UnknownField& field = *fields.mutable_field(i);
    if (field.type() != UnknownField::TYPE_LENGTH_DELIMITED) continue;
    std::string& content = *field.mutable_length_delimited();
    if (field.number() == v1::DescribeResponse::kSoftwareFieldNumber) {
      parts.software = std::move(content);
    } else if (field.number() == v1::DescribeResponse::kDevicesFieldNumber) {
      if (const auto id = IdIn(content)) parts.devices.try_emplace(*id, std::move(content));
    }
  }
  return parts;
}

}  // namespace kaisar::checker
