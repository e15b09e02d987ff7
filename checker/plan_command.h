#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "challenges/plan.h"
#include "challenges/policy.h"
#include "challenges/randomness.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// What `kaisar-checker plan` was told. A plan follows from the slot's secret and the epoch's
/// beacon, and the beacon does not exist before the epoch begins: it comes from a log, or from
/// `beacon`.
struct PlanOptions {
  std::string config;
  std::string log;                     // its first record gives epoch, beacon, roster, policy
  std::string beacon;                  // hex, with `epoch`; roster and policy as configured
  std::optional<std::uint32_t> epoch;  // with `log`: must be the log's
  std::optional<std::uint32_t> device;
  std::uint64_t limit = 0;  // print at most so many challenges; 0: all
  bool json = false;
};

/// All that a plan is made from.
struct PlanInputs {
  challenges::EpochKey key;
  challenges::EpochScope scope;
  v1::Roster roster;
  challenges::Policy policy;
};

/// Errors: InvalidArgument when neither or both of log and beacon are given, when they do not fit
///         the config, or as the readers of the files say.
absl::StatusOr<PlanInputs> ReadPlanInputs(const PlanOptions& options);

/// Prints the plan: due time after the beacon, device, kind, q, challenge id.
absl::Status PrintPlan(const PlanInputs& inputs, const PlanOptions& options, std::ostream& out);

}  // namespace kaisar::checker
