#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "challenges/policy.h"
#include "checker/config.h"
#include "checker/roster_file.h"
#include "checker/slot_keys.h"

namespace kaisar::checker {

constexpr std::uint64_t kMostPolicyBytes = 1 << 20;

/// Everything that the operator of a checker wrote.
struct RunInputs {
  Config config;
  std::string policy_bytes;
  challenges::Policy policy;
  std::optional<RosterFile> roster;  // null with a chain
  SlotKeys keys;
  std::string monitor_token;  // empty: none is asked for
};

/// Reads the config and all files that it names, and checks that they fit each other.
///
/// Errors: those of the readers; FailedPrecondition when the keys are not those of the roster.
absl::StatusOr<RunInputs> ReadRunInputs(const std::string& config_path);

/// Where kaisar-iperf is.
std::string IperfPath(const Config& config);

/// Whether any phase of the policy asks bandwidth.
bool AsksBandwidth(const challenges::Policy& policy);

/// Checks that bandwidth can be measured when a phase of the policy asks it: the config says what
/// the connection carries, and there is a kaisar-iperf.
///
/// Errors: FailedPrecondition with the key and why it is needed.
absl::Status CheckBandwidth(const std::string& config_path, const Config& config,
                            const challenges::Policy& policy);

/// Where a slot's signature store and outbox are.
std::string SignaturesPath(const Config& config);
std::string OutboxPath(const Config& config);

}  // namespace kaisar::checker
