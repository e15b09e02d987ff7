#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "checker/config.h"
#include "checker/slot_status.h"

namespace kaisar::checker {

/// Everything that `kaisar-checker status` knows of a slot without a chain: what is on this
/// machine.
struct LocalStatus {
  std::uint32_t slot = 0;
  std::optional<std::uint32_t> epoch;  // null before genesis
  std::uint64_t left_s = 0;            // of the epoch, or until genesis
  std::string data_dir;
  std::optional<std::uint32_t> last_log;     // the newest epoch that has one
  std::optional<std::uint32_t> last_report;  // likewise
  std::string runs_as;                       // the process that has the data directory; empty: none
  bool has_signatures = false;
};

/// Looks at the data directory; changes nothing, and needs no password.
///
/// Errors: those of the policy and of the roster, which says when the epochs are.
absl::StatusOr<LocalStatus> ReadLocalStatus(const Config& config, const Clock& clock);

/// A pure function of what is known.
std::vector<Problem> FindLocalProblems(const LocalStatus& status);

/// For people, and the same as JSON.
std::string LocalStatusText(const LocalStatus& status, const std::vector<Problem>& problems);
std::string LocalStatusJson(const LocalStatus& status, const std::vector<Problem>& problems);

}  // namespace kaisar::checker
