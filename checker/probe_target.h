#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/entropy.h"
#include "challenges/policy.h"
#include "checker/run_inputs.h"
#include "kaisar/v1/challenge.pb.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// What `kaisar-checker probe bandwidth` was told.
struct ProbeOptions {
  std::string config = "checker.yaml";
  std::uint32_t device = 0;
  std::optional<std::uint32_t> seconds;  // of each direction, instead of the policy's
  bool iperf3 = false;                   // the operator's own tool is the other end
  bool json = false;
};

/// Whom a probe asks, in whose name, and on what terms.
struct ProbeTarget {
  std::uint32_t slot = 0;
  std::uint32_t epoch = 0;
  v1::Roster roster;
  v1::Device device;            // of the roster
  challenges::Policy policy;    // with the probe's terms for bandwidth
  bool terms_of_policy = true;  // false: the policy has none, these are the probe's own
};

/// Finds the device and the epoch that is now; on a chain, in the committee of this slot.
///
/// Errors: NotFound with the ids that there are; FailedPrecondition when the slot has no part in
///         the epoch or it is not opened; those of the chain.
absl::StatusOr<ProbeTarget> FindProbeTarget(const RunInputs& inputs, const ProbeOptions& options,
                                            const Clock& clock,
                                            const std::function<void(const std::string&)>& notice);

/// Makes the challenge, signed, with an id that is in no plan.
///
/// Errors: those of the entropy.
absl::StatusOr<v1::SignedChallenge> MakeProbeChallenge(const ProbeTarget& target,
                                                       const SigningKey& key, const Clock& clock,
                                                       Entropy& entropy);

/// Endpoints that tell whether this machine is online: the config's, and some of other devices.
std::vector<std::string> WitnessesOf(const ProbeTarget& target, const Config& config);

}  // namespace kaisar::checker
