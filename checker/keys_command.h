#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "base/entropy.h"

namespace kaisar::checker {

/// What `kaisar-checker keys …` was told. Passwords are named by a path or "fd:N", never given;
/// empty asks on the terminal.
struct KeysOptions {
  std::string directory;  // keystore.json, tls.pem, hash_chain.json
  std::string password;
  bool light = false;  // scrypt N = 2^12: development only
  std::uint32_t chain_length = 65536;
  std::uint32_t first_epoch = 0;
  std::uint32_t slot = 0;  // only printed
  // Import alone: one of the two.
  std::string keystore;
  std::string keystore_password;
  std::string private_key;  // a file with 64 hex digits
};

/// Makes a hot key, a TLS key and a hash chain in `directory`, all 0600, and prints the slot's
/// entry for the roster as YAML.
///
/// Errors: AlreadyExists when one of the files is there: nothing is written then.
absl::Status MakeKeys(const KeysOptions& options, Entropy& entropy, std::ostream& out);

/// The same around a hot key that exists.
///
/// Errors: as MakeKeys; Unauthenticated for a wrong password; InvalidArgument for a bad key.
absl::Status ImportKeys(const KeysOptions& options, Entropy& entropy, std::ostream& out);

/// Prints the roster entry of existing key files. No password is needed; given one, the files are
/// opened with it, and the address is the hot key's own instead of what the keystore claims.
absl::Status ShowKeys(const KeysOptions& options, std::ostream& out);

}  // namespace kaisar::checker
