#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace kaisar::challenges {

struct ListeningSocket {
  int descriptor = -1;  // does not block
  std::uint32_t port = 0;
};

/// Listens on the first of the ports that is free, on every address; 0 is any free port. The kernel
/// drops what comes from elsewhere than `only_from`, unless that is empty; where it lets only
/// CAP_NET_ADMIN ask for that (Linux since 5d39580f68e6), whoever accepts has to look.
///
/// Errors: InvalidArgument for `only_from`; ResourceExhausted with the range when no port is free;
///         Internal.
absl::StatusOr<ListeningSocket> ListenOnFirstFree(const std::vector<std::uint32_t>& ports,
                                                  const std::string& only_from);

}  // namespace kaisar::challenges
