#include "tests/support/stolen_certificate.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <memory>

#include "base/bytes.h"

namespace kaisar::testing {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Deleter<BN_clear_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;

}  // namespace

absl::StatusOr<TlsKey> StealCertificate(const TlsKey& victim) {
  const absl::Status failed = absl::InternalError("the victim's key is no P-256 key");
  Bio in(BIO_new_mem_buf(victim.private_key_pem.data(),
                         static_cast<int>(victim.private_key_pem.size())));
  Key honest(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  if (honest == nullptr) return failed;
  Bytes point(65);
  std::size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(honest.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                      point.size(), &size) != 1) {
    return failed;
  }
  Key own(EVP_EC_gen("P-256"));
  BIGNUM* secret = nullptr;
  if (EVP_PKEY_get_bn_param(own.get(), OSSL_PKEY_PARAM_PRIV_KEY, &secret) != 1) return failed;
  const Number owned_secret(secret);

  Builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), size);
  Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* forged = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &forged, EVP_PKEY_KEYPAIR, params.get()) != 1) {
    return failed;
  }
  const Key owned_forged(forged);
  Bio out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PrivateKey(out.get(), forged, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return failed;
  }
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return TlsKey{.private_key_pem = std::string(text, static_cast<std::size_t>(length)),
                .certificate_pem = victim.certificate_pem};
}

}  // namespace kaisar::testing
