#pragma once

#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/signing_key.h"
#include "provider/chain_access.h"

namespace kaisar::provider {

/// Who signs and pays for a command's transactions.
struct OwnerOptions {
  std::string keystore;  // path
  std::string password;  // path, or "fd:N"
  bool yes = false;      // nobody is asked before something is paid
};

/// An owner at work: a line for people about each transaction.
///
/// Threads: one at a time.
class OwnerAccount {
 public:
  /// `access` and `progress` outlive it.
  ///
  /// Errors: those of base/file.h and base/keys/, with the path.
  static absl::StatusOr<OwnerAccount> Open(const OwnerOptions& options, ChainAccess& access,
                                           std::ostream& progress);

  const Address& address() const { return key_.address(); }

  /// Tells what is about to be done, and asks when standard input is a terminal and `yes` was not
  /// given.
  ///
  /// Errors: Cancelled when the answer is not yes.
  absl::Status Confirm(const std::string& what) const;

  /// Sends a transaction and waits until it is in a block. `what` is for the line about it.
  ///
  /// Errors: those of chain::SendAndWait, with `what`.
  absl::StatusOr<chain::Receipt> Send(const std::string& what, const Address& to, Bytes input);

  /// Errors: FailedPrecondition with both amounts when the owner has less KAI than that.
  absl::Status NeedKai(const Uint256& amount);

  /// Lets `spender` take so much of the owner's KAI; sends nothing when it may already.
  ///
  /// Errors: those of Send.
  absl::Status Approve(const Address& spender, const Uint256& amount);

 private:
  OwnerAccount(SigningKey key, bool yes, ChainAccess& access, std::ostream& progress)
      : key_(std::move(key)), yes_(yes), access_(access), progress_(progress) {}

  SigningKey key_;
  bool yes_;
  ChainAccess& access_;
  std::ostream& progress_;
};

}  // namespace kaisar::provider
