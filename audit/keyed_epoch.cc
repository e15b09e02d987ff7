#include "audit/keyed_epoch.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/keys/hash_chain.h"
#include "base/status_macros.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

constexpr std::uint32_t kProtocolVersion = 1;

absl::Status CheckScope(const v1::EpochOpened& opened) {
  if (opened.beacon().size() != sizeof(Digest)) {
    return absl::InvalidArgumentError(
        absl::StrCat("beacon is ", opened.beacon().size(), " bytes, expected 32"));
  }
  if (opened.epoch_end_ms() <= opened.beacon_ms()) {
    return absl::InvalidArgumentError(absl::StrCat("epoch ends at ", opened.epoch_end_ms(),
                                                   " ms, before its beacon at ", opened.beacon_ms(),
                                                   " ms"));
  }
  return absl::OkStatus();
}

absl::Status CheckSecret(const v1::EpochOpened& opened, const v1::Slot& slot,
                         const Digest& secret) {
  if (IsChainSecret(secret, opened.epoch(), challenges::ToDigest(slot.anchor()),
                    slot.anchor_epoch())) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "the report's secret ", ToHex(secret), " is not the one of epoch ", opened.epoch(),
      " in the chain of slot ", opened.slot(), ", whose anchor is ", ToHex(ViewOf(slot.anchor()))));
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeyedEpoch>> KeyedEpoch::Make(const v1::EpochOpened& opened,
                                                             const Digest& secret) {
  if (opened.version() != kProtocolVersion) {
    return absl::InvalidArgumentError(
        absl::StrCat("epoch: version is ", opened.version(), ", expected ", kProtocolVersion));
  }
  ASSIGN_OR_RETURN(challenges::Policy policy, challenges::ParsePolicy("policy", opened.policy()));
  const v1::Roster& roster = opened.roster();
  RETURN_IF_ERROR(challenges::ValidateRoster(roster, policy, opened.slot()));
  RETURN_IF_ERROR(CheckScope(opened));
  const v1::Slot& slot = *challenges::FindSlot(roster, opened.slot());
  RETURN_IF_ERROR(CheckSecret(opened, slot, secret));
  const challenges::EpochScope scope{roster.chain_id(), opened.epoch(), opened.slot(),
                                     opened.epoch_end_ms() - opened.beacon_ms(),
                                     challenges::ToDigest(opened.beacon())};
  return std::make_unique<KeyedEpoch>(KeyedEpoch{
      opened, std::move(policy), scope, challenges::DomainOf(roster),
      challenges::ToAddress(slot.key()),
      challenges::EpochKey::Derive(secret, scope.beacon, scope.chain_id, scope.slot, scope.epoch)});
}

}  // namespace kaisar::audit
