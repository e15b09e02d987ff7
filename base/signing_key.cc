#include "base/signing_key.h"

#include <openssl/crypto.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/keccak256.h"
#include "base/status_macros.h"

namespace kaisar {
namespace {

constexpr std::uint8_t kRecoveryOffset = 27;  // Ethereum's v of recovery id 0

// One for the process, never freed: it is read-only once it is made, so every thread may use it.
const secp256k1_context* Context() {
  static const secp256k1_context* const context = [] {
    secp256k1_selftest();  // aborts when the library was built for another machine
    secp256k1_context* made =
        secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
    KAISAR_CHECK(made != nullptr);
    Digest blinding;
    // Blinding only hardens signing against side channels: without entropy it is left out.
    if (OsEntropy().Fill(absl::MakeSpan(blinding)).ok()) {
      KAISAR_CHECK(secp256k1_context_randomize(made, blinding.data()) == 1);
    }
    OPENSSL_cleanse(blinding.data(), blinding.size());
    return made;
  }();
  return context;
}

Address AddressOf(const secp256k1_pubkey& key) {
  std::array<std::uint8_t, 65> point;
  std::size_t size = point.size();
  KAISAR_CHECK(secp256k1_ec_pubkey_serialize(Context(), point.data(), &size, &key,
                                             SECP256K1_EC_UNCOMPRESSED) == 1);
  const Digest hash = Keccak256(ByteView(point).subspan(1));  // without the 04 of the encoding
  Address address;
  std::copy(hash.end() - static_cast<std::ptrdiff_t>(address.size()), hash.end(), address.begin());
  return address;
}

}  // namespace

SigningKey::SigningKey(std::unique_ptr<Digest> secret, const Address& address)
    : secret_(std::move(secret)), address_(address) {}

SigningKey::~SigningKey() {
  if (secret_ != nullptr) OPENSSL_cleanse(secret_->data(), secret_->size());
}

SigningKey& SigningKey::operator=(SigningKey&& other) noexcept {
  std::swap(secret_, other.secret_);  // `other` wipes ours
  std::swap(address_, other.address_);
  return *this;
}

absl::StatusOr<SigningKey> SigningKey::Parse(const Digest& secret) {
  secp256k1_pubkey point;
  if (secp256k1_ec_pubkey_create(Context(), &point, secret.data()) != 1) {
    return absl::InvalidArgumentError("private key is zero or not below the group order");
  }
  return SigningKey(std::make_unique<Digest>(secret), AddressOf(point));
}

absl::StatusOr<SigningKey> SigningKey::Make(Entropy& entropy) {
  Digest secret;
  RETURN_IF_ERROR(entropy.Fill(absl::MakeSpan(secret)));
  absl::StatusOr<SigningKey> key = Parse(secret);
  OPENSSL_cleanse(secret.data(), secret.size());
  // One secret in 2^128 is no key: a second one in a row would be a broken source, so ask no more.
  if (!key.ok()) return absl::InternalError("entropy gave bytes that are no private key");
  return key;
}

Signature SigningKey::Sign(const Digest& digest) const {
  KAISAR_CHECK(secret_ != nullptr);
  secp256k1_ecdsa_recoverable_signature made;
  KAISAR_CHECK(secp256k1_ecdsa_sign_recoverable(Context(), &made, digest.data(), secret_->data(),
                                                secp256k1_nonce_function_rfc6979, nullptr) == 1);
  Signature signature;
  int recovery_id = 0;
  KAISAR_CHECK(secp256k1_ecdsa_recoverable_signature_serialize_compact(Context(), signature.data(),
                                                                       &recovery_id, &made) == 1);
  // An x above the group order (ids 2 and 3) has probability 2^-128: nobody will see one.
  KAISAR_CHECK(recovery_id == 0 || recovery_id == 1);
  signature[64] = static_cast<std::uint8_t>(kRecoveryOffset + recovery_id);
  return signature;
}

absl::StatusOr<Address> RecoverAddress(const Digest& digest, ByteView signature) {
  constexpr std::size_t kSize = std::tuple_size_v<Signature>;
  if (signature.size() != kSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("signature is ", signature.size(), " bytes, expected ", kSize));
  }
  const int recovery_id = signature[64] - kRecoveryOffset;
  if (recovery_id != 0 && recovery_id != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("signature has v = ", static_cast<int>(signature[64]), ", expected 27 or 28"));
  }
  secp256k1_ecdsa_recoverable_signature parsed;
  if (secp256k1_ecdsa_recoverable_signature_parse_compact(Context(), &parsed, signature.data(),
                                                          recovery_id) != 1) {
    return absl::InvalidArgumentError("signature has r or s not below the group order");
  }
  secp256k1_ecdsa_signature plain;
  secp256k1_ecdsa_recoverable_signature_convert(Context(), &plain, &parsed);
  if (secp256k1_ecdsa_signature_normalize(Context(), nullptr, &plain) == 1) {
    return absl::InvalidArgumentError("signature has a high s");
  }
  secp256k1_pubkey point;
  if (secp256k1_ecdsa_recover(Context(), &point, &parsed, digest.data()) != 1) {
    return absl::InvalidArgumentError("signature is one that no key can have made");
  }
  return AddressOf(point);
}

bool SignedBy(const Address& signer, const Digest& digest, ByteView signature) {
  const absl::StatusOr<Address> address = RecoverAddress(digest, signature);
  return address.ok() && *address == signer;
}

}  // namespace kaisar
