#include "base/keys/rsa_key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace kaisar {
namespace {

constexpr unsigned int kModulusBits = 2048;
// More costs the other side's choice of our time: a key of 4096 bits encrypts in about 0.1 ms.
constexpr int kMostModulusBits = 4096;
constexpr int kMostExponentBits = 64;
constexpr std::size_t kMostPemBytes = 4096;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

std::string TextOf(BIO* bio) {
  const char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return std::string(text, static_cast<std::size_t>(size));
}

// In place of OpenSSL's own, which asks on the terminal.
int NoPassword(char*, int, int, void*) {
  return -1;
}

}  // namespace

absl::StatusOr<RsaKeyPair> MakeRsaKeyPair() {
  const Owned<EVP_PKEY> key(EVP_RSA_gen(kModulusBits));
  // Secure memory is wiped when it is freed.
  const Owned<BIO> private_pem(BIO_new(BIO_s_secmem()));
  const Owned<BIO> public_pem(BIO_new(BIO_s_mem()));
  if (key == nullptr || private_pem == nullptr || public_pem == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(private_pem.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1 ||
      PEM_write_bio_PUBKEY(public_pem.get(), key.get()) != 1) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return absl::InternalError(
        absl::StrCat("cannot make an RSA key: ", reason == nullptr ? "unknown" : reason));
  }
  return RsaKeyPair{TextOf(private_pem.get()), TextOf(public_pem.get())};
}

absl::Status ValidateRsaPublicKey(const std::string& pem) {
  if (pem.size() > kMostPemBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("RSA public key is ", pem.size(), " bytes of PEM, limit ", kMostPemBytes));
  }
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Owned<EVP_PKEY> key(
      bio == nullptr ? nullptr : PEM_read_bio_PUBKEY(bio.get(), nullptr, NoPassword, nullptr));
  ERR_clear_error();
  if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return absl::InvalidArgumentError("PEM holds no RSA public key");
  }
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < static_cast<int>(kModulusBits) || bits > kMostModulusBits) {
    return absl::InvalidArgumentError(absl::StrCat("RSA public key has ", bits, " bits, expected ",
                                                   kModulusBits, " to ", kMostModulusBits));
  }
  BIGNUM* read = nullptr;
  EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_RSA_E, &read);
  const Owned<BIGNUM> exponent(read);
  if (exponent == nullptr || BN_num_bits(exponent.get()) > kMostExponentBits) {
    return absl::InvalidArgumentError(
        absl::StrCat("RSA public exponent has more than ", kMostExponentBits, " bits"));
  }
  return absl::OkStatus();
}

}  // namespace kaisar
