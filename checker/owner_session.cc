#include "checker/owner_session.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/keccak256.h"
#include "base/status_macros.h"

namespace kaisar::checker {
namespace {

constexpr int kAnchorTries = 3;

/// The first epoch to ask for. Near the end of an epoch one more, for the transaction may be
/// included in the next one, when the earlier choice is gone.
absl::StatusOr<std::uint32_t> ChooseFirstEpoch(const OwnerSession& session) {
  ASSIGN_OR_RETURN(const std::uint32_t counts_from, session.contracts.CountsFrom());
  ASSIGN_OR_RETURN(const chain::Block latest, session.contracts.client().Latest());
  const chain::Schedule& schedule = session.contracts.deployment().schedule;
  if (latest.timestamp_s < schedule.genesis) return counts_from;
  const std::uint64_t into = (latest.timestamp_s - schedule.genesis) % schedule.epoch_seconds;
  return into > schedule.epoch_seconds / 2 ? counts_from + 1 : counts_from;
}

absl::StatusOr<Digest> AnchorFor(const HashChain& chain, std::uint32_t first_epoch) {
  const auto secret = chain.Secret(first_epoch);
  if (!secret.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the hash chain has no secret for epoch ", first_epoch, ", the slot's first (",
        secret.status().message(), "); make keys with --first-epoch ", first_epoch, " or less"));
  }
  return Keccak256(*secret);
}

}  // namespace

absl::Status Confirm(const OwnerSession& session, const std::string& what) {
  if (session.confirm(what)) return absl::OkStatus();
  return absl::CancelledError("nothing was sent");
}

absl::StatusOr<chain::Receipt> Send(const OwnerSession& session, const std::string& what,
                                    const Address& to, Bytes input) {
  session.out << what << " …\n" << std::flush;
  ASSIGN_OR_RETURN(const chain::Receipt receipt,
                   chain::SendAndWait(session.contracts.client(), session.key, to, std::move(input),
                                      session.wait, session.clock));
  session.out << "  block " << receipt.block_number << ", transaction "
              << ToPrefixedHex(receipt.transaction) << ", gas " << receipt.gas_used << "\n"
              << std::flush;
  return receipt;
}

absl::StatusOr<std::uint32_t> SendAnchor(const OwnerSession& session, const std::string& what,
                                         const HashChain& chain, const AnchorCall& call) {
  absl::Status status;
  for (int tried = 0; tried < kAnchorTries; ++tried) {
    ASSIGN_OR_RETURN(const std::uint32_t first_epoch, ChooseFirstEpoch(session));
    ASSIGN_OR_RETURN(const Digest anchor, AnchorFor(chain, first_epoch));
    status = Send(session, absl::StrCat(what, " from epoch ", first_epoch, " on"),
                  session.contracts.deployment().slots, call(anchor, first_epoch))
                 .status();
    if (status.ok()) return first_epoch;
    if (!absl::IsAborted(status) || !absl::StrContains(status.message(), "BadFirstEpoch")) break;
  }
  return status;
}

absl::Status CheckReach(const OwnerSession& session, const HashChain& chain) {
  ASSIGN_OR_RETURN(const std::uint32_t soonest, ChooseFirstEpoch(session));
  return AnchorFor(chain, soonest).status();
}

}  // namespace kaisar::checker
