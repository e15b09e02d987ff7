#include "checker/run_inputs.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "challenges/roster.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kMostPolicyBytes = 1 << 20;

}  // namespace

absl::StatusOr<RunInputs> ReadRunInputs(const std::string& config_path) {
  ASSIGN_OR_RETURN(Config config, ReadConfig(config_path));
  ASSIGN_OR_RETURN(std::string policy_bytes, ReadFile(config.policy, kMostPolicyBytes));
  ASSIGN_OR_RETURN(challenges::Policy policy, challenges::ParsePolicy(config.policy, policy_bytes));
  std::optional<RosterFile> roster;
  if (!config.chain) {
    ASSIGN_OR_RETURN(roster, ReadRosterFile(config.roster, policy, *config.slot));
  }
  ASSIGN_OR_RETURN(SlotKeys keys, ReadSlotKeys(config));
  if (roster) {
    RETURN_IF_ERROR(CheckKeysMatch(keys, *challenges::FindSlot(roster->roster, *config.slot)));
  }
  return RunInputs{std::move(config), std::move(policy_bytes), std::move(policy), std::move(roster),
                   std::move(keys)};
}

std::string SignaturesPath(const Config& config) {
  return absl::StrCat(config.data_dir, "/signatures.db");
}

std::string OutboxPath(const Config& config) {
  return absl::StrCat(config.data_dir, "/outbox.db");
}

}  // namespace kaisar::checker
