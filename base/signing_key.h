#pragma once

#include <array>
#include <memory>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/entropy.h"

namespace kaisar {

/// r || s || v: secp256k1 ECDSA with low s; v is 27 or 28.
using Signature = std::array<std::uint8_t, 65>;

/// A secp256k1 private key: the hot key of a slot or the key of a device.
///
/// Threads: all const methods from any thread.
/// Cost:    Sign 45 µs, RecoverAddress 65 µs.
class SigningKey {
 public:
  /// Errors: InvalidArgument when the secret is zero or not below the group order.
  static absl::StatusOr<SigningKey> Parse(const Digest& secret);
  static absl::StatusOr<SigningKey> Make(Entropy& entropy);

  SigningKey(SigningKey&&) noexcept = default;
  SigningKey& operator=(SigningKey&&) noexcept;
  /// Wipes the secret.
  ~SigningKey();

  /// The last 20 bytes of the Keccak-256 of the public key.
  const Address& address() const { return address_; }
  /// For the keystore alone.
  const Digest& secret() const { return *secret_; }

  /// Signs a 32-byte digest; deterministic (RFC 6979).
  Signature Sign(const Digest& digest) const;

 private:
  SigningKey(std::unique_ptr<Digest> secret, const Address& address);
  std::unique_ptr<Digest> secret_;
  Address address_;
};

/// Tells whose signature this is.
///
/// Errors: InvalidArgument when the size is not 65, v is neither 27 nor 28, s is high, or no key
///         can have made it.
absl::StatusOr<Address> RecoverAddress(const Digest& digest, ByteView signature);

/// Tells whether `signature` is `signer`'s under `digest`; false for anything malformed.
bool SignedBy(const Address& signer, const Digest& digest, ByteView signature);

}  // namespace kaisar
