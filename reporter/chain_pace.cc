#include "reporter/chain_pace.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace kaisar::reporter {
namespace {

constexpr std::uint64_t kFewestBlocks = 16;
constexpr std::uint64_t kMostBlocks = 256;
constexpr std::uint64_t kStaleMs = 60'000;

}  // namespace

absl::Status ChainPace::Observe(chain::ChainClient& client, const chain::Block& latest) {
  if (!reference_.has_value() || latest.number < reference_->number ||
      latest.number > reference_->number + kMostBlocks) {
    ASSIGN_OR_RETURN(reference_,
                     client.BlockAt(latest.number - std::min(latest.number, kFewestBlocks)));
  }
  const std::uint64_t blocks = latest.number - reference_->number;
  if (blocks == 0 || latest.timestamp_s < reference_->timestamp_s) return absl::OkStatus();
  const std::uint64_t passed_ms = (latest.timestamp_s - reference_->timestamp_s) * 1000;
  block_ms_ = std::clamp<std::uint64_t>(passed_ms / blocks, 100, 60'000);
  return absl::OkStatus();
}

std::string ChainPace::Staleness(const chain::Block& latest, std::uint64_t wall_ms) const {
  const std::uint64_t newest_ms = latest.timestamp_s * 1000;
  if (newest_ms > wall_ms + kStaleMs) {
    return absl::StrCat("the chain's newest block ", latest.number, " is ",
                        (newest_ms - wall_ms) / 1000,
                        " s ahead of this machine's clock: one of them is wrong");
  }
  if (wall_ms < newest_ms + kStaleMs + 10 * block_ms_) return "";
  return absl::StrCat("the chain's newest block ", latest.number, " is ",
                      (wall_ms - newest_ms) / 1000,
                      " s old: the chain stands still, the endpoints are behind, or this machine's "
                      "clock is wrong");
}

}  // namespace kaisar::reporter
