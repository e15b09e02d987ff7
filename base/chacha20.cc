#include "base/chacha20.h"

#include <openssl/evp.h>

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace kaisar {
namespace {

const EVP_CIPHER* ChaCha20Algorithm() {
  static const EVP_CIPHER* const algorithm = EVP_CIPHER_fetch(nullptr, "ChaCha20", nullptr);
  KAISAR_CHECK(algorithm != nullptr);
  return algorithm;
}

// OpenSSL takes the block counter and the nonce as one vector: LE32(counter) || nonce.
std::array<std::uint8_t, 16> CounterAndNonce(std::uint32_t block,
                                             const ChaCha20Keystream::Nonce& nonce) {
  std::array<std::uint8_t, 16> vector{};
  for (std::size_t i = 0; i < 4; ++i) vector[i] = static_cast<std::uint8_t>(block >> (8 * i));
  std::copy(nonce.begin(), nonce.end(), vector.begin() + 4);
  return vector;
}

}  // namespace

ChaCha20Keystream::ChaCha20Keystream(const Digest& key, const Nonce& nonce,
                                     std::uint32_t first_block)
    : context_(EVP_CIPHER_CTX_new()) {
  KAISAR_CHECK(context_ != nullptr);
  KAISAR_CHECK(EVP_EncryptInit_ex2(context_, ChaCha20Algorithm(), key.data(),
                                   CounterAndNonce(first_block, nonce).data(), nullptr) == 1);
}

ChaCha20Keystream::~ChaCha20Keystream() {
  EVP_CIPHER_CTX_free(context_);
}

void ChaCha20Keystream::Restart(const Nonce& nonce) {
  KAISAR_CHECK(EVP_EncryptInit_ex2(context_, nullptr, nullptr, CounterAndNonce(0, nonce).data(),
                                   nullptr) == 1);
}

void ChaCha20Keystream::Read(absl::Span<std::uint8_t> out) {
  constexpr std::size_t kMost = std::numeric_limits<int>::max() / 2;
  while (!out.empty()) {
    const std::size_t size = std::min(out.size(), kMost);
    std::fill_n(out.data(), size, std::uint8_t{0});  // the cipher of zeros is the keystream
    int written = 0;
    KAISAR_CHECK(
        EVP_EncryptUpdate(context_, out.data(), &written, out.data(), static_cast<int>(size)) == 1);
    KAISAR_CHECK(static_cast<std::size_t>(written) == size);
    out.remove_prefix(size);
  }
}

}  // namespace kaisar
