#include "checker/run_inputs.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "challenges/bandwidth/iperf_process.h"
#include "challenges/roster.h"

namespace kaisar::checker {
absl::StatusOr<RunInputs> ReadRunInputs(const std::string& config_path) {
  ASSIGN_OR_RETURN(Config config, ReadConfig(config_path));
  ASSIGN_OR_RETURN(std::string policy_bytes, ReadFile(config.policy, kMostPolicyBytes));
  ASSIGN_OR_RETURN(challenges::Policy policy, challenges::ParsePolicy(config.policy, policy_bytes));
  RETURN_IF_ERROR(CheckBandwidth(config_path, config, policy));
  std::optional<RosterFile> roster;
  if (!config.chain) {
    ASSIGN_OR_RETURN(roster, ReadRosterFile(config.roster, policy, *config.slot));
  }
  ASSIGN_OR_RETURN(SlotKeys keys, ReadSlotKeys(config));
  ASSIGN_OR_RETURN(std::string token, monitor::ReadMonitorToken(config.monitor));
  if (roster) {
    RETURN_IF_ERROR(CheckKeysMatch(keys, *challenges::FindSlot(roster->roster, *config.slot)));
  }
  return RunInputs{std::move(config), std::move(policy_bytes), std::move(policy),
                   std::move(roster), std::move(keys),         std::move(token)};
}

std::string IperfPath(const Config& config) {
  return config.iperf.empty() ? challenges::DefaultIperfPath() : config.iperf;
}

bool AsksBandwidth(const challenges::Policy& policy) {
  return std::any_of(policy.phases.begin(), policy.phases.end(),
                     [](const auto& phase) { return phase.second.contains(v1::BANDWIDTH); });
}

absl::Status CheckBandwidth(const std::string& config_path, const Config& config,
                            const challenges::Policy& policy) {
  if (!AsksBandwidth(policy)) return absl::OkStatus();
  if (!config.connection) {
    return absl::FailedPreconditionError(
        absl::StrCat(config_path,
                     ": connection is missing, expected {out_bits_per_second: N, "
                     "in_bits_per_second: N}: ",
                     config.policy,
                     " asks bandwidth, and tests under way at one time must not ask "
                     "for more than this machine's connection carries"));
  }
  const std::string iperf = IperfPath(config);
  if (access(iperf.c_str(), X_OK) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(config_path, ": iperf is ", iperf, ", expected an executable: ", config.policy,
                     " asks bandwidth, which kaisar-iperf measures"));
  }
  return absl::OkStatus();
}

std::string SignaturesPath(const Config& config) {
  return absl::StrCat(config.data_dir, "/signatures.db");
}

std::string OutboxPath(const Config& config) {
  return absl::StrCat(config.data_dir, "/outbox.db");
}

}  // namespace kaisar::checker
