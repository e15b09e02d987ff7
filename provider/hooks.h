#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "kaisar/v1/challenge.pb.h"

namespace kaisar::provider {

/// What a provider tells of its work, from any thread, with no lock held; none may block.
struct ProviderHooks {
  /// A challenge was taken.
  std::function<void(v1::Kind)> taken = [](v1::Kind) {};
  /// One was not; `reason` is one of provider/refusal.h's.
  std::function<void(v1::Kind, absl::string_view reason)> refused = [](v1::Kind,
                                                                       absl::string_view) {};
  /// A device computed a proof, or could not; how long that took.
  std::function<void(std::uint64_t elapsed_ns, const absl::Status&)> proved =
      [](std::uint64_t, const absl::Status&) {};
};

}  // namespace kaisar::provider
