// What did not come: rules 5 to 8 of docs/judging.md.

#include <string>

#include "absl/strings/str_cat.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/case.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"

namespace kaisar::challenges {
namespace {

/// Nothing at all answered around that time, or the checker did not look: a missing message is all
/// 0.
bool WasOffline(const v1::ChallengeClosed& closed) {
  return closed.reachability().devices_heard() == 0 &&
         closed.reachability().endpoints_reached() == 0;
}

/// Tells whether another challenge of its kind keeps a device from the one that was asked: a
/// device computes one proof at a time; a machine, whatever devices it has, tests one line.
bool IsInTheWay(const Case& c, const v1::Challenge& shown) {
  if (shown.kind() != c.closed.kind() || shown.epoch() != c.challenge.challenge().epoch()) {
    return false;
  }
  const bool own_slot = shown.slot() == c.context.slot;
  const bool own_device = shown.device() == c.closed.device();
  if (shown.kind() == v1::MATMUL) return own_device && !own_slot;
  if (shown.kind() != v1::BANDWIDTH || (own_device && own_slot)) return false;
  const v1::Device* device = FindDevice(c.context.roster, shown.device());
  return device == nullptr || device->endpoint() == c.device.endpoint();
}

/// From sending a shown challenge to its end at most.
std::uint64_t MostMs(const Case& c, const v1::SignedChallenge& shown) {
  if (shown.challenge().kind() == v1::BANDWIDTH) return MostBandwidthMs(BandwidthParamsOf(shown));
  return std::uint64_t{c.asked.commitment_deadline_ms} + c.asked.opening_deadline_ms;
}

/// Tells whether the refusal shows the challenge that kept the device busy: signed by a slot, of
/// this epoch, already due and not yet expired when the device was asked.
bool ShowsAnotherChallenge(const Case& c) {
  const v1::SignedChallenge& shown = c.closed.refusal().running();
  const v1::Challenge& terms = shown.challenge();
  if (!ValidateChallenge(shown).ok() || !IsInTheWay(c, terms)) return false;
  const std::uint64_t asked_at_ms = c.context.beacon_ms + c.closed.sent_ms();
  if (terms.expires_at_ms() < asked_at_ms) return false;
  // MakeChallenge's sum, the other way round; one slack more for two checkers' clocks.
  const std::uint64_t most_ahead_ms =
      2 * std::uint64_t{c.context.policy.slack_ms} + MostMs(c, shown);
  if (terms.expires_at_ms() - asked_at_ms > c.closed.elapsed_ms() + most_ahead_ms) return false;
  const v1::Slot* slot = FindSlot(c.context.roster, terms.slot());
  Address key{};
  return slot != nullptr && CopyExactly(ViewOf(slot->key()), key) &&
         IsSignedBy(key, c.domain, shown);
}

}  // namespace

// Rules 5 to 8: no answer came.
Judgement JudgeSilence(const Case& c) {
  const v1::Transport transport = c.closed.transport();
  const bool lost = transport == v1::BROKEN || transport == v1::DEADLINE;
  if ((lost || transport == v1::NO_CONNECTION) && WasOffline(c.closed)) {
    return Inconclusive(v1::CHECKER_OFFLINE, "nothing was reachable");
  }
  if (c.commitment != nullptr) {
    if (!lost && transport != v1::DECLINED && transport != v1::VIOLATION) {
      return Unusable("a commitment, no opening, and a call that did not fail");
    }
    return Fail(v1::OPENING_REFUSED, "no opening came after the commitment");
  }
  switch (transport) {
    case v1::NO_CONNECTION:
      return Fail(v1::UNREACHABLE, "no connection could be made");
    case v1::BROKEN:
      return Fail(v1::UNREACHABLE, "the connection was lost");
    case v1::DEADLINE:
      return Fail(v1::TIMED_OUT, "no answer came in time");
    case v1::VIOLATION:
      return Fail(v1::MALFORMED, "the device sent what the protocol does not allow");
    case v1::DECLINED:
      if (ShowsAnotherChallenge(c)) {
        const v1::Challenge& running = c.closed.refusal().running().challenge();
        return Inconclusive(v1::DEVICE_CHALLENGED,
                            absl::StrCat("slot ", running.slot(), " challenged device ",
                                         running.device(), " at the same time"));
      }
      return Fail(v1::REFUSED, "the device refused");
    default:
      return Unusable("the call completed without an answer");
  }
}

}  // namespace kaisar::challenges
