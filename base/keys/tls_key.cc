#include "base/keys/tls_key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/sha256.h"
#include "base/status_macros.h"

namespace kaisar {
namespace {

constexpr std::size_t kMostPemBytes = 65536;
constexpr std::size_t kMostNameBytes = 64;  // ub-common-name of RFC 5280

// Fixed dates: the pin is the check, and a clock that is wrong must lock nobody out.
constexpr char kNotBefore[] = "20200101000000Z";
constexpr char kNotAfter[] = "21200101000000Z";

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

absl::Status OpenSslError(absl::StatusCode code, absl::string_view attempt) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return absl::Status(code, absl::StrCat(attempt, ": ", reason == nullptr ? "unknown" : reason));
}

Owned<BIO> Reader(const std::string& pem) {
  Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  KAISAR_CHECK(bio != nullptr);
  return bio;
}

// In place of OpenSSL's own, which asks on the terminal.
int NoPassword(char*, int, int, void*) {
  return -1;
}

absl::Status ValidateSize(const std::string& pem) {
  if (pem.size() <= kMostPemBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("PEM is ", pem.size(), " bytes, limit ", kMostPemBytes));
}

absl::StatusOr<Owned<X509>> ParseCertificate(const std::string& pem) {
  RETURN_IF_ERROR(ValidateSize(pem));
  Owned<X509> certificate(PEM_read_bio_X509(Reader(pem).get(), nullptr, NoPassword, nullptr));
  if (certificate == nullptr) {
    return OpenSslError(absl::StatusCode::kInvalidArgument, "PEM holds no certificate");
  }
  return certificate;
}

absl::StatusOr<TlsKey> ToPem(EVP_PKEY* key, X509* certificate) {
  const auto text_of = [](BIO* bio) {
    const char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    return std::string(text, static_cast<std::size_t>(size));
  };
  // Secure memory is wiped when it is freed.
  Owned<BIO> key_pem(BIO_new(BIO_s_secmem()));
  Owned<BIO> certificate_pem(BIO_new(BIO_s_mem()));
  if (key_pem == nullptr || certificate_pem == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(key_pem.get(), key, nullptr, nullptr, 0, nullptr, nullptr) !=
          1 ||
      PEM_write_bio_X509(certificate_pem.get(), certificate) != 1) {
    return OpenSslError(absl::StatusCode::kInternal, "cannot write a TLS key");
  }
  return TlsKey{text_of(key_pem.get()), text_of(certificate_pem.get())};
}

bool FillCertificate(X509* certificate, EVP_PKEY* key, const std::string& common_name) {
  const Owned<BIGNUM> serial(BN_new());
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.data());
  return serial != nullptr &&
         BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr &&
         X509_set_version(certificate, X509_VERSION_3) == 1 &&
         ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), kNotBefore) == 1 &&
         ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), kNotAfter) == 1 &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text,
                                    static_cast<int>(common_name.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

}  // namespace

absl::StatusOr<TlsKey> MakeTlsKey(const std::string& common_name) {
  if (common_name.empty() || common_name.size() > kMostNameBytes) {
    return absl::InvalidArgumentError(absl::StrCat("common name is ", common_name.size(),
                                                   " bytes, expected 1 to ", kMostNameBytes));
  }
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const Owned<X509> certificate(X509_new());
  if (key == nullptr || certificate == nullptr ||
      !FillCertificate(certificate.get(), key.get(), common_name)) {
    return OpenSslError(absl::StatusCode::kInternal, "cannot make a TLS key");
  }
  return ToPem(key.get(), certificate.get());
}

absl::StatusOr<TlsKey> ParseTlsKey(const std::string& pem) {
  ASSIGN_OR_RETURN(const Owned<X509> certificate, ParseCertificate(pem));
  const Owned<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) {
    return OpenSslError(absl::StatusCode::kInvalidArgument, "PEM holds no unencrypted private key");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return OpenSslError(absl::StatusCode::kInvalidArgument,
                        "private key and certificate do not belong together");
  }
  return ToPem(key.get(), certificate.get());
}

absl::StatusOr<Digest> TlsPin(const std::string& certificate_pem) {
  ASSIGN_OR_RETURN(const Owned<X509> certificate, ParseCertificate(certificate_pem));
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der);
  if (size <= 0) {
    return OpenSslError(absl::StatusCode::kInvalidArgument, "certificate has no public key");
  }
  const Digest pin = Sha256(ByteView(der, static_cast<std::size_t>(size)));
  OPENSSL_free(der);
  return pin;
}

}  // namespace kaisar
