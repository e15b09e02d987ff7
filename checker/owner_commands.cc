#include "checker/owner_commands.h"

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "base/utc_time.h"
#include "chain/calls.h"

namespace kaisar::checker {
namespace {

std::string Kai(const Uint256& wei) {
  return absl::StrCat(FormatEther(wei), " KAI");
}

absl::Status CheckFunds(const OwnerSession& session, const Uint256& license, const Uint256& stake) {
  const Address owner = session.key.address();
  auto holder = session.contracts.LicenseOwner(license);
  if (absl::IsAborted(holder.status())) {
    return absl::FailedPreconditionError(absl::StrCat("there is no licence ", license.ToDecimal()));
  }
  RETURN_IF_ERROR(holder.status());
  if (*holder == session.contracts.deployment().slots) {
    return absl::FailedPreconditionError(
        absl::StrCat("licence ", license.ToDecimal(), " is staked in a slot already"));
  }
  if (*holder != owner) {
    return absl::FailedPreconditionError(absl::StrCat("licence ", license.ToDecimal(),
                                                      " belongs to ", ToPrefixedHex(*holder),
                                                      ", this is ", ToPrefixedHex(owner)));
  }
  ASSIGN_OR_RETURN(const Uint256 balance, session.contracts.TokenBalance(owner));
  if (balance >= stake) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(ToPrefixedHex(owner), " has ", Kai(balance),
                                                   ", a slot needs a stake of ", Kai(stake)));
}

absl::StatusOr<std::uint32_t> Register(const OwnerSession& session, const Uint256& license,
                                       const SlotKeys& keys) {
  ASSIGN_OR_RETURN(const Digest pin, TlsPin(keys.tls.certificate_pem));
  return SendAnchor(
      session, "registering the slot", keys.chain,
      [&](const Digest& anchor, std::uint32_t first_epoch) {
        return chain::RegisterSlotCall({license, keys.hot.address(), pin, anchor, first_epoch});
      });
}

absl::Status Allow(const OwnerSession& session, const Uint256& license, const Uint256& stake) {
  const chain::Deployment& deployment = session.contracts.deployment();
  ASSIGN_OR_RETURN(const Uint256 allowed,
                   session.contracts.Allowance(session.key.address(), deployment.slots));
  if (allowed < stake) {
    RETURN_IF_ERROR(Send(session, absl::StrCat("allowing the Slots contract to take ", Kai(stake)),
                         deployment.token, chain::ApproveCall(deployment.slots, stake))
                        .status());
  }
  return Send(session,
              absl::StrCat("allowing the Slots contract to take licence ", license.ToDecimal()),
              deployment.license, chain::ApproveCall(deployment.slots, license))
      .status();
}

absl::Status TellClaim(const OwnerSession& session, std::uint32_t slot,
                       const chain::SlotState& state) {
  session.out << "slot " << slot << " has no duty from epoch " << state.active_until
              << " on; keep its checker running until the one before is revealed.\n"
              << "its stake of " << Kai(state.stake) << " and licence " << state.license.ToDecimal()
              << " can be claimed from " << UtcTime(state.claimable_at)
              << " on: run this command again\n";
  return absl::OkStatus();
}

absl::Status WithdrawOwed(const OwnerSession& session, std::uint32_t slot, const Address& owner) {
  ASSIGN_OR_RETURN(const chain::SlotAccount account, session.contracts.AccountOf(slot));
  if (account.owed.is_zero()) {
    session.out << "slot " << slot << " is owed nothing\n";
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(Confirm(session, absl::StrCat("withdraw ", Kai(account.owed), " of slot ", slot,
                                                " to its owner ", ToPrefixedHex(owner))));
  return Send(session, absl::StrCat("withdrawing what slot ", slot, " is owed"),
              session.contracts.deployment().settlement, chain::WithdrawSlotsCall({slot}))
      .status();
}

/// What the key got for marking others' offences; nobody else can send it on.
absl::Status SendOn(const OwnerSession& session, std::uint32_t slot, const chain::SlotState& state,
                    const std::optional<Address>& to) {
  const Address key = session.key.address();
  ASSIGN_OR_RETURN(const Uint256 rewards, session.contracts.TokenBalance(key));
  if (rewards.is_zero()) return absl::OkStatus();
  // The slot's id may be another owner's by now.
  if (!to && key != state.hot_key) {
    session.out << ToPrefixedHex(key) << " has " << Kai(rewards) << ", and is not the hot key of "
                << "slot " << slot << " any more: kaisar-checker withdraw --to ADDRESS sends it "
                << "where you say\n";
    return absl::OkStatus();
  }
  const Address target = to.value_or(state.owner);
  RETURN_IF_ERROR(Confirm(session, absl::StrCat("send ", Kai(rewards), " of the hot key to ",
                                                to ? "" : "its owner ", ToPrefixedHex(target))));
  return Send(session, "sending on what the hot key has", session.contracts.deployment().token,
              chain::TransferCall(target, rewards))
      .status();
}

}  // namespace

absl::Status Stake(const OwnerSession& session, const Uint256& license, const SlotKeys& keys) {
  chain::Contracts& contracts = session.contracts;
  const Address hot_key = keys.hot.address();
  ASSIGN_OR_RETURN(const std::optional<std::uint32_t> taken, contracts.SlotOf(hot_key));
  if (taken) {
    return absl::AlreadyExistsError(absl::StrCat("slot ", *taken, " has the hot key ",
                                                 ToPrefixedHex(hot_key),
                                                 " already; one key serves one slot"));
  }
  ASSIGN_OR_RETURN(const Uint256 stake, contracts.StakeRequired());
  RETURN_IF_ERROR(CheckFunds(session, license, stake));
  RETURN_IF_ERROR(CheckReach(session, keys.chain));
  RETURN_IF_ERROR(
      Confirm(session, absl::StrCat("stake ", Kai(stake), " and licence ", license.ToDecimal(),
                                    " of ", ToPrefixedHex(session.key.address()),
                                    " for a slot with the hot key ", ToPrefixedHex(hot_key))));
  RETURN_IF_ERROR(Allow(session, license, stake));
  ASSIGN_OR_RETURN(const std::uint32_t first_epoch, Register(session, license, keys));
  ASSIGN_OR_RETURN(const std::optional<std::uint32_t> slot, contracts.SlotOf(hot_key));
  if (!slot) {
    return absl::UnavailableError(
        "the slot is registered, but the chain does not tell its id yet; "
        "kaisar-checker status will");
  }
  session.out << "slot " << *slot << " is registered and has its first duty in epoch "
              << first_epoch << ", which begins "
              << UtcTime(contracts.deployment().schedule.begin(first_epoch)) << "\n"
              << "in checker.yaml:\n  slot: " << *slot << "\n"
              << "the hot key " << ToPrefixedHex(hot_key)
              << " pays for the reports: send it some coin\n";
  return absl::OkStatus();
}

absl::Status Unstake(const OwnerSession& session, std::uint32_t slot) {
  const Address& slots = session.contracts.deployment().slots;
  ASSIGN_OR_RETURN(chain::SlotState state, session.contracts.Slot(slot));
  if (state.license.is_zero()) {
    return absl::FailedPreconditionError(
        absl::StrCat("slot ", slot, " was claimed already: nothing is left in it"));
  }
  if (state.owner != session.key.address()) {
    return absl::PermissionDeniedError(absl::StrCat("slot ", slot, " belongs to ",
                                                    ToPrefixedHex(state.owner), ", this is ",
                                                    ToPrefixedHex(session.key.address())));
  }
  if (state.claimable_at == 0) {
    RETURN_IF_ERROR(Confirm(session, absl::StrCat("end the duty of slot ", slot)));
    RETURN_IF_ERROR(Send(session, absl::StrCat("asking for the exit of slot ", slot), slots,
                         chain::RequestExitCall(slot))
                        .status());
    ASSIGN_OR_RETURN(state, session.contracts.Slot(slot));
    return TellClaim(session, slot, state);
  }
  ASSIGN_OR_RETURN(const chain::Block latest, session.contracts.client().Latest());
  if (latest.timestamp_s < state.claimable_at) return TellClaim(session, slot, state);
  RETURN_IF_ERROR(Confirm(session, absl::StrCat("claim ", Kai(state.stake), " and licence ",
                                                state.license.ToDecimal(), " from slot ", slot)));
  RETURN_IF_ERROR(
      Send(session, absl::StrCat("claiming slot ", slot), slots, chain::ClaimSlotCall(slot))
          .status());
  session.out << Kai(state.stake) << " and licence " << state.license.ToDecimal() << " are back at "
              << ToPrefixedHex(state.owner)
              << "; withdraw what is still owed: kaisar-checker withdraw\n";
  return absl::OkStatus();
}

absl::Status WithdrawSlot(const OwnerSession& session, std::uint32_t slot, bool by_hot_key,
                          const std::optional<Address>& to) {
  ASSIGN_OR_RETURN(const chain::SlotState state, session.contracts.Slot(slot));
  RETURN_IF_ERROR(WithdrawOwed(session, slot, state.owner));
  if (by_hot_key) RETURN_IF_ERROR(SendOn(session, slot, state, to));
  ASSIGN_OR_RETURN(const Uint256 balance, session.contracts.TokenBalance(state.owner));
  session.out << ToPrefixedHex(state.owner) << " has " << Kai(balance) << " now\n";
  return absl::OkStatus();
}

}  // namespace kaisar::checker
