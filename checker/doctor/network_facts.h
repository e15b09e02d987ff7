#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "checker/chain_config.h"
#include "checker/doctor/network_checks.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// Asks each endpoint of the chain by itself.
///
/// Errors: those of ReadDeployment.
/// Cost:   three requests an endpoint, each with the config's timeout.
absl::StatusOr<std::vector<RpcAnswer>> AskRpc(const ChainConfig& config, const Clock& clock);

/// Asks each time server once, for two seconds at most.
std::vector<NtpAnswer> AskNtp(const std::vector<std::string>& servers, const Clock& clock);

/// Connects to `most` devices of the roster at most, evenly chosen, 64 at a time for three seconds
/// at most. `progress` is told how many are done, and of how many.
///
/// Errors: those of TcpReachability.
absl::StatusOr<Reached> ReachDevices(const v1::Roster& roster, std::size_t most, const Clock& clock,
                                     const std::function<void(std::size_t, std::size_t)>& progress);

}  // namespace kaisar::checker
