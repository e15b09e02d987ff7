#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace kaisar::checker {

/// A DescribeResponse taken apart without a look into what it says.
struct DescribeParts {
  std::string software;                          // of any length and content
  std::map<std::uint32_t, std::string> devices;  // by id: each entry's bytes as they are
};

/// Splits the bytes of a DescribeResponse. Of two entries with one id the first counts; what cannot
/// be read so far as to find its id is left out.
///
/// Errors: InvalidArgument when the whole is no protobuf message.
/// Cost:   16 bytes of memory for two of input at worst.
absl::StatusOr<DescribeParts> SplitDescribeResponse(const std::string& bytes);

}  // namespace kaisar::checker
