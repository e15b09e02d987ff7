#include "kernels/rows.h"

#include "base/chacha20.h"
#include "base/check.h"

namespace kaisar::kernels {
namespace {

// LE32(tag) || LE64(row)
ChaCha20Keystream::Nonce NonceOf(Matrix matrix, std::uint64_t row) {
  ChaCha20Keystream::Nonce nonce{};
  for (std::size_t i = 0; i < 4; ++i) {
    nonce[i] = static_cast<std::uint8_t>(static_cast<std::uint32_t>(matrix) >> (8 * i));
  }
  for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<std::uint8_t>(row >> (8 * i));
  return nonce;
}

}  // namespace

void GenerateRows(const Digest& seed, Matrix matrix, std::uint64_t first_row, std::uint32_t n,
                  absl::Span<std::int8_t> out) {
  KAISAR_CHECK(n > 0 && out.size() % n == 0);
  ChaCha20Keystream keystream(seed, NonceOf(matrix, first_row));
  const std::uint64_t rows = out.size() / n;
  for (std::uint64_t i = 0; i < rows; ++i) {
    if (i > 0) keystream.Restart(NonceOf(matrix, first_row + i));
    // The same bytes, read as two's complement.
    keystream.Read(absl::MakeSpan(reinterpret_cast<std::uint8_t*>(out.data() + i * n), n));
  }
}

}  // namespace kaisar::kernels
