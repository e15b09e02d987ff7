#include "checker/file_registry.h"

#include "base/status_macros.h"

namespace kaisar::checker {

// The secret is fixed by the chain before the beacon is drawn: nobody, we included, can look for a
// beacon that suits.
absl::StatusOr<std::optional<EpochStart>> FileRegistry::Begin(std::uint32_t epoch) {
  RETURN_IF_ERROR(chain_.Secret(epoch).status());
  EpochStart start;
  RETURN_IF_ERROR(entropy_.Fill(absl::MakeSpan(start.beacon)));
  start.beacon_ms = clock_.WallMs();
  start.roster = roster_;
  return start;
}

}  // namespace kaisar::checker
