#include "challenges/plan.h"

#include <algorithm>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/sha256.h"
#include "base/status_macros.h"

namespace kaisar::challenges {
namespace {

/// 2 GiB of planned challenges; the plan of 10,000 devices × 368 challenges has 3.7 million.
constexpr std::uint64_t kMostChallenges = std::uint64_t{1} << 27;

/// The instants that challenges are drawn from, all in ms after the beacon.
struct Windows {
  std::uint64_t epoch_ms = 0;         // up to the guard time
  std::uint64_t registration_ms = 0;  // for devices in REGISTERING
  bool muster = false;                // of every device
  std::uint32_t muster_ms = 0;        // one instant for the whole network
};

absl::StatusOr<Windows> MakeWindows(const EpochScope& scope, const v1::Roster& roster,
                                    const Policy& policy) {
  if (scope.epoch_ms > std::numeric_limits<std::uint32_t>::max()) {
    return absl::InvalidArgumentError(absl::StrCat("epoch is ", scope.epoch_ms, " ms long, limit ",
                                                   std::numeric_limits<std::uint32_t>::max()));
  }
  if (scope.epoch_ms <= policy.guard_ms) {
    return absl::InvalidArgumentError(absl::StrCat("epoch is ", scope.epoch_ms,
                                                   " ms long, not longer than the guard time of ",
                                                   policy.guard_ms, " ms"));
  }
  Windows windows;
  windows.epoch_ms = scope.epoch_ms - policy.guard_ms;
  windows.registration_ms =
      std::min<std::uint64_t>(windows.epoch_ms, policy.registration_window_ms);
  windows.muster = roster.muster();
  windows.muster_ms =
      static_cast<std::uint32_t>(MusterStream(scope.beacon, scope.epoch).Draw(windows.epoch_ms));
  return windows;
}

/// What the due times of one device and kind are drawn under.
Bytes DueContext(const v1::Device& device, v1::Kind kind) {
  Bytes context;
  if (kind == v1::MATMUL) {
    Append(context, ViewOf(device.owner()));
  } else {
    AppendBigEndian32(context, device.id());
  }
  context.push_back(static_cast<std::uint8_t>(kind));
  return context;
}

PlanPart MakePart(const EpochKey& key, const v1::Device& device, v1::Kind kind, std::uint32_t count,
                  const Windows& windows) {
  PlanPart part;
  part.device = device.id();
  part.kind = kind;
  part.drawn = count;
  part.window_ms = device.phase() == v1::REGISTERING ? windows.registration_ms : windows.epoch_ms;
  part.due_key = key.Value("due", DueContext(device, kind));
  // A phase without matmul (rented devices) is left in peace by the muster, too.
  if ((windows.muster || device.muster()) && kind == v1::MATMUL) {
    part.muster_ms = windows.muster_ms;
  }
  return part;
}

void AppendChallenges(const PlanPart& part, std::vector<PlannedChallenge>& plan) {
  Stream stream(part.due_key);
  for (std::uint32_t q = 0; q < part.drawn; ++q) {
    const auto due_ms = static_cast<std::uint32_t>(stream.Draw(part.window_ms));
    plan.push_back({due_ms, part.device, q, part.kind});
  }
  if (part.muster_ms.has_value()) {
    plan.push_back({*part.muster_ms, part.device, part.drawn, part.kind});
  }
}

const std::map<v1::Kind, KindPolicy>& KindsOf(const v1::Device& device, const Policy& policy) {
  static const auto* const none = new std::map<v1::Kind, KindPolicy>();
  const auto phase = policy.phases.find(device.phase());
  return phase == policy.phases.end() ? *none : phase->second;
}

absl::Status CheckSize(const v1::Roster& roster, const Policy& policy) {
  std::uint64_t total = 0;
  for (const v1::Device& device : roster.devices()) {
    for (const auto& [kind, asked] : KindsOf(device, policy))
      total += std::uint64_t{asked.count} + 1;
  }
  if (total > kMostChallenges) {
    return absl::InvalidArgumentError(
        absl::StrCat("plan has up to ", total, " challenges, limit ", kMostChallenges));
  }
  return absl::OkStatus();
}

bool ComesBefore(const PlannedChallenge& a, const PlannedChallenge& b) {
  const std::uint64_t first_a = std::uint64_t{a.due_ms} << 32 | a.device;
  const std::uint64_t first_b = std::uint64_t{b.due_ms} << 32 | b.device;
  if (first_a != first_b) return first_a < first_b;
  if (a.kind != b.kind) return a.kind < b.kind;
  return a.sequence < b.sequence;
}

}  // namespace

absl::StatusOr<std::vector<PlanPart>> MakePlanParts(const EpochKey& key, const EpochScope& scope,
                                                    const v1::Roster& roster,
                                                    const Policy& policy) {
  ASSIGN_OR_RETURN(const Windows windows, MakeWindows(scope, roster, policy));
  RETURN_IF_ERROR(CheckSize(roster, policy));
  std::vector<PlanPart> parts;
  for (const v1::Device& device : roster.devices()) {
    for (const auto& [kind, asked] : KindsOf(device, policy)) {
      parts.push_back(MakePart(key, device, kind, asked.count, windows));
    }
  }
  return parts;
}

PlannedChallenge DrawPlanned(const PlanPart& part, std::uint32_t q) {
  KAISAR_CHECK(q < part.size());
  std::uint32_t due_ms = part.muster_ms.value_or(0);
  if (q < part.drawn) {
    due_ms = static_cast<std::uint32_t>(Stream(part.due_key, q).Draw(part.window_ms));
  }
  return {due_ms, part.device, q, part.kind};
}

absl::StatusOr<std::vector<PlannedChallenge>> MakePlan(const EpochKey& key, const EpochScope& scope,
                                                       const v1::Roster& roster,
                                                       const Policy& policy) {
  ASSIGN_OR_RETURN(const std::vector<PlanPart> parts, MakePlanParts(key, scope, roster, policy));
  std::size_t size = 0;
  for (const PlanPart& part : parts) size += part.size();
  std::vector<PlannedChallenge> plan;
  plan.reserve(size);
  for (const PlanPart& part : parts) AppendChallenges(part, plan);
  std::sort(plan.begin(), plan.end(), ComesBefore);
  return plan;
}

Digest ChallengeId(const EpochScope& scope, const PlannedChallenge& planned) {
  Bytes input;
  input.reserve(64);
  Append(input, ViewOf("kaisar/v1/challenge"));
  AppendBigEndian64(input, scope.chain_id);
  AppendBigEndian32(input, scope.epoch);
  AppendBigEndian32(input, scope.slot);
  AppendBigEndian32(input, planned.device);
  input.push_back(static_cast<std::uint8_t>(planned.kind));
  AppendBigEndian32(input, planned.sequence);
  return Sha256(input);
}

Digest ChallengeSeed(const EpochKey& key, const Digest& challenge_id) {
  return key.Value("seed", challenge_id);
}

Digest IperfPassword(const EpochKey& key, const Digest& challenge_id) {
  return key.Value("iperf", challenge_id);
}

}  // namespace kaisar::challenges
