#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace kaisar::challenges {

/// What an interface has carried since it exists.
struct LinkCounters {
  std::uint64_t out_bytes = 0;
  std::uint64_t in_bytes = 0;
};

/// The interface that leads to a numeric address.
///
/// Errors: NotFound when there is no route, or no interface has the route's own address.
absl::StatusOr<std::string> InterfaceTo(const std::string& host);

/// Reads an interface's counters, of this process's own network namespace.
///
/// Errors: NotFound; Internal.
absl::StatusOr<LinkCounters> ReadLinkCounters(const std::string& interface_name);

}  // namespace kaisar::challenges
