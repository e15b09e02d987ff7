#include "base/bytes.h"

namespace kaisar {

void Append(Bytes& to, ByteView bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void AppendBigEndian32(Bytes& to, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    to.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

void AppendBigEndian64(Bytes& to, std::uint64_t value) {
  AppendBigEndian32(to, static_cast<std::uint32_t>(value >> 32));
  AppendBigEndian32(to, static_cast<std::uint32_t>(value));
}

std::uint64_t LoadLittleEndian64(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace kaisar
