#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/keys/hash_chain.h"
#include "base/signing_key.h"
#include "base/uint256.h"
#include "chain/contracts.h"
#include "chain/send_and_wait.h"

namespace kaisar::checker {

/// A person at the chain: what they sign with, what they see, and what they are asked.
struct OwnerSession {
  chain::Contracts& contracts;
  const SigningKey& key;  // pays and signs
  const Clock& clock;
  chain::WaitOptions wait;
  std::ostream& out;
  /// Shows what is about to be done and tells whether to do it.
  std::function<bool(const std::string& what)> confirm;
};

/// Errors: Cancelled when the person said no.
absl::Status Confirm(const OwnerSession& session, const std::string& what);

/// Sends a transaction, waits until it is deep enough, and tells where it is.
///
/// Errors: those of SendAndWait.
absl::StatusOr<chain::Receipt> Send(const OwnerSession& session, const std::string& what,
                                    const Address& to, Bytes input);

/// Announces a hash chain from the next epoch that can be had on, by the transaction that `call`
/// makes of that epoch and its anchor. Between choice and block an epoch may end: then both are
/// chosen anew.
///
/// Result: the first epoch.
/// Errors: FailedPrecondition when the chain does not reach it; those of SendAndWait.
using AnchorCall = std::function<Bytes(const Digest& anchor, std::uint32_t first_epoch)>;
absl::StatusOr<std::uint32_t> SendAnchor(const OwnerSession& session, const std::string& what,
                                         const HashChain& chain, const AnchorCall& call);

/// Checks that a hash chain has a secret for the next epoch that can be had.
///
/// Errors: FailedPrecondition.
absl::Status CheckReach(const OwnerSession& session, const HashChain& chain);

}  // namespace kaisar::checker
