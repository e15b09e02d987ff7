#pragma once

#include <cstdint>
#include <string>

namespace kaisar::checker {

/// What `kaisar-checker stake`, `unstake`, `announce-keys` and `withdraw` are told. Passwords are
/// named by a path or "fd:N", never given; empty asks on the terminal.
struct OwnerOptions {
  std::string config;   // path of checker.yaml
  std::string license;  // decimal id, for stake
  /// Web3 Secret Storage; may be empty for announce-keys and withdraw: the hot key pays.
  std::string owner_keystore;
  std::string owner_password;
  std::string to;    // for withdraw, an address that gets the hot key's own KAI; empty: the owner
  bool yes = false;  // do not ask
};

/// Each reads its files, does what checker/owner_commands.h says, with progress on standard output,
/// and asks first when standard input is a terminal.
///
/// Result: the exit status: 0 done, or refused by the person; 1 it failed on the chain; 2 a file or
///         argument is wrong, and nothing was sent. 1 and 2 with one line on standard error.
int StakeCommand(const OwnerOptions& options);
int UnstakeCommand(const OwnerOptions& options);
int AnnounceKeysCommand(const OwnerOptions& options);
int WithdrawCommand(const OwnerOptions& options);

}  // namespace kaisar::checker
