#include "base/sha256.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace kaisar {
namespace {

// Fetched once: EVP_sha256() looks the provider up on every use and costs more than the hash.
const EVP_MD* Sha256Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  KAISAR_CHECK(algorithm != nullptr);
  return algorithm;
}

Sha256Hasher& ThreadHasher() {
  thread_local Sha256Hasher hasher;
  return hasher;
}

}  // namespace

Sha256Hasher::Sha256Hasher() : context_(EVP_MD_CTX_new()) {
  KAISAR_CHECK(context_ != nullptr);
  KAISAR_CHECK(EVP_DigestInit_ex2(context_, Sha256Algorithm(), nullptr) == 1);
}

Sha256Hasher::~Sha256Hasher() {
  EVP_MD_CTX_free(context_);
}

Sha256Hasher& Sha256Hasher::Update(ByteView bytes) {
  KAISAR_CHECK(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1);
  return *this;
}

Digest Sha256Hasher::Finish() {
  Digest digest;
  KAISAR_CHECK(EVP_DigestFinal_ex(context_, digest.data(), nullptr) == 1);
  KAISAR_CHECK(EVP_DigestInit_ex2(context_, nullptr, nullptr) == 1);
  return digest;
}

Digest Sha256(ByteView bytes) {
  return ThreadHasher().Update(bytes).Finish();
}

Digest Sha256(ByteView left, ByteView right) {
  return ThreadHasher().Update(left).Update(right).Finish();
}

}  // namespace kaisar
