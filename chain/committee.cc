#include "chain/committee.h"

#include <algorithm>

#include "base/keccak256.h"

namespace kaisar::chain {
namespace {

/// A big-endian 256-bit number mod `modulus` (below 2^32): by Horner's rule, a byte at a time.
std::uint32_t Modulo(const Digest& number, std::uint32_t modulus) {
  std::uint64_t rest = 0;
  for (const std::uint8_t byte : number) rest = (rest << 8 | byte) % modulus;
  return static_cast<std::uint32_t>(rest);
}

}  // namespace

std::vector<std::uint32_t> Committee(const Digest& beacon, std::uint32_t device,
                                     std::uint32_t slots) {
  const std::size_t size = std::min(kCommitteeSize, slots);
  std::vector<std::uint32_t> members;
  for (std::uint32_t c = 0; members.size() < size; ++c) {
    Bytes input;
    Append(input, beacon);
    AppendBigEndian32(input, device);
    AppendBigEndian32(input, c);
    const std::uint32_t id = Modulo(Keccak256(input), slots);
    if (std::find(members.begin(), members.end(), id) == members.end()) members.push_back(id);
  }
  return members;
}

}  // namespace kaisar::chain
