#include "checker/plan_command.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "audit/names.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "challenges/roster.h"
#include "checker/config.h"
#include "checker/epoch_log.h"
#include "checker/roster_file.h"
#include "checker/slot_keys.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kMostPolicyBytes = 1 << 20;

struct Source {
  challenges::EpochScope scope;
  v1::Roster roster;
  challenges::Policy policy;
};

absl::StatusOr<Source> FromLog(const PlanOptions& options, const Config& config) {
  ASSIGN_OR_RETURN(v1::EpochOpened opened, ReadOpened(options.log));
  if (config.slot && opened.slot() != *config.slot) {
    return absl::InvalidArgumentError(absl::StrCat(options.log, " is a log of slot ", opened.slot(),
                                                   ", the config is of ", *config.slot));
  }
  if (options.epoch && *options.epoch != opened.epoch()) {
    return absl::InvalidArgumentError(absl::StrCat(options.log, " is a log of epoch ",
                                                   opened.epoch(), ", asked was ", *options.epoch));
  }
  Source source;
  ASSIGN_OR_RETURN(source.policy,
                   challenges::ParsePolicy(absl::StrCat(options.log, ": policy"), opened.policy()));
  source.roster = std::move(*opened.mutable_roster());
  RETURN_IF_ERROR(challenges::ValidateRoster(source.roster, source.policy, opened.slot()));
  source.scope = {source.roster.chain_id(), opened.epoch(), opened.slot(),
                  opened.epoch_end_ms() - opened.beacon_ms(),
                  challenges::ToDigest(opened.beacon())};
  return source;
}

absl::StatusOr<Source> FromBeacon(const PlanOptions& options, const Config& config) {
  if (!options.epoch) {
    return absl::InvalidArgumentError("--beacon needs --epoch: whose plan is it?");
  }
  if (config.chain) {
    return absl::InvalidArgumentError(
        "--beacon needs registry: file: on the chain the devices follow from the beacon, too; name "
        "the epoch's log");
  }
  Source source;
  auto beacon = ParseHexArray<32>(options.beacon);
  if (!beacon.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--beacon: ", beacon.status().message()));
  }
  ASSIGN_OR_RETURN(const std::string yaml, ReadFile(config.policy, kMostPolicyBytes));
  ASSIGN_OR_RETURN(source.policy, challenges::ParsePolicy(config.policy, yaml));
  ASSIGN_OR_RETURN(RosterFile file, ReadRosterFile(config.roster, source.policy, *config.slot));
  source.roster = std::move(file.roster);
  source.scope = {source.roster.chain_id(), *options.epoch, *config.slot, file.grid.epoch_ms,
                  *beacon};
  return source;
}

std::string DueTime(std::uint32_t due_ms) {
  return absl::StrFormat("%d:%02d:%02d.%03d", due_ms / 3'600'000, due_ms / 60'000 % 60,
                         due_ms / 1000 % 60, due_ms % 1000);
}

void PrintRow(const challenges::PlannedChallenge& planned, const Digest& id, std::ostream& out) {
  out << absl::StrFormat("%14s  %8d  %-9s  %6d  %s\n", DueTime(planned.due_ms), planned.device,
                         audit::NameOf(planned.kind), planned.sequence, ToHex(id));
}

void PrintJson(const challenges::PlannedChallenge& planned, const Digest& id, bool first,
               std::ostream& out) {
  out << (first ? "\n" : ",\n")
      << absl::StrFormat(
             R"(  {"due_ms": %d, "device": %d, "kind": "%s", "q": %d, "challenge_id": "%s"})",
             planned.due_ms, planned.device, audit::NameOf(planned.kind), planned.sequence,
             ToHex(id));
}

/// "12 latency, 2 bandwidth, 4 matmul".
std::string CountsOf(const std::map<v1::Kind, std::uint64_t>& kinds) {
  return absl::StrJoin(kinds, ", ", [](std::string* out, const auto& kind) {
    absl::StrAppend(out, kind.second, " ", audit::NameOf(kind.first));
  });
}

}  // namespace

absl::StatusOr<PlanInputs> ReadPlanInputs(const PlanOptions& options) {
  if (options.log.empty() == options.beacon.empty()) {
    return absl::InvalidArgumentError(
        "a plan needs its epoch's beacon, which does not exist before the epoch begins: name a log "
        "with --log, or try a beacon with --beacon HEX --epoch N");
  }
  ASSIGN_OR_RETURN(const Config config, ReadConfig(options.config));
  ASSIGN_OR_RETURN(Source source,
                   options.log.empty() ? FromBeacon(options, config) : FromLog(options, config));
  ASSIGN_OR_RETURN(const HashChain chain, ReadHashChain(config));
  ASSIGN_OR_RETURN(const Digest secret, chain.Secret(source.scope.epoch));
  return PlanInputs{challenges::EpochKey::Derive(secret, source.scope.beacon, source.scope.chain_id,
                                                 source.scope.slot, source.scope.epoch),
                    source.scope, std::move(source.roster), std::move(source.policy)};
}

absl::Status PrintPlan(const PlanInputs& inputs, const PlanOptions& options, std::ostream& out) {
  if (options.device && challenges::FindDevice(inputs.roster, *options.device) == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("--device: is ", *options.device, ", expected a device of the roster"));
  }
  ASSIGN_OR_RETURN(const std::vector<challenges::PlannedChallenge> plan,
                   MakePlan(inputs.key, inputs.scope, inputs.roster, inputs.policy));
  std::uint64_t all = 0;
  std::uint64_t printed = 0;
  std::map<v1::Kind, std::uint64_t> kinds;
  if (options.json) {
    out << absl::StrFormat(R"({"epoch": %d, "slot": %d, "beacon": "%s", "challenges": [)",
                           inputs.scope.epoch, inputs.scope.slot, ToHex(inputs.scope.beacon));
  } else {
    out << absl::StrFormat("%14s  %8s  %-9s  %6s  %s\n", "after beacon", "device", "kind", "q",
                           "challenge id");
  }
  for (const challenges::PlannedChallenge& planned : plan) {
    if (options.device && planned.device != *options.device) continue;
    ++all;
    ++kinds[planned.kind];
    if (options.limit != 0 && printed == options.limit) continue;
    const Digest id = ChallengeId(inputs.scope, planned);
    if (options.json) {
      PrintJson(planned, id, printed == 0, out);
    } else {
      PrintRow(planned, id, out);
    }
    ++printed;
  }
  out << (options.json
              ? absl::StrFormat("\n], \"planned\": %d}\n", all)
              : absl::StrFormat("%d of %d challenges: %s\n", printed, all, CountsOf(kinds)));
  return absl::OkStatus();
}

}  // namespace kaisar::checker
