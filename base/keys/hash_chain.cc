#include "base/keys/hash_chain.h"

#include "absl/strings/str_cat.h"
#include "base/keccak256.h"

namespace kaisar {
namespace {

constexpr std::uint32_t kMostLength = 1 << 20;
constexpr std::uint32_t kStep = 256;  // between two values that are kept: 128 KiB for the longest

}  // namespace

absl::StatusOr<HashChain> HashChain::Make(const Digest& root, std::uint32_t length,
                                          std::uint32_t first_epoch) {
  if (length < 1 || length > kMostLength) {
    return absl::InvalidArgumentError(
        absl::StrCat("hash chain of length ", length, ", expected 1 to ", kMostLength));
  }
  // Epochs are 32 bits: the last one of the chain must still have a number.
  if (first_epoch > UINT32_MAX - (length - 1)) {
    return absl::InvalidArgumentError(absl::StrCat("hash chain of length ", length, " from epoch ",
                                                   first_epoch, " goes beyond the last epoch ",
                                                   UINT32_MAX));
  }
  HashChain chain;
  chain.length_ = length;
  chain.first_epoch_ = first_epoch;
  Digest value = root;
  for (std::uint32_t i = 0; i < length; ++i) {
    if (i % kStep == 0) chain.checkpoints_.push_back(value);
    value = Keccak256(value);
  }
  chain.anchor_ = value;
  return chain;
}

absl::StatusOr<Digest> HashChain::Secret(std::uint32_t epoch) const {
  if (epoch < first_epoch_ || epoch - first_epoch_ >= length_) {
    return absl::OutOfRangeError(absl::StrCat("hash chain has no secret for epoch ", epoch,
                                              ", it covers ", first_epoch_, " to ",
                                              first_epoch_ + (length_ - 1)));
  }
  const std::uint32_t index = length_ - 1 - (epoch - first_epoch_);
  Digest value = checkpoints_[index / kStep];
  for (std::uint32_t i = 0; i < index % kStep; ++i) value = Keccak256(value);
  return value;
}

bool IsChainSecret(const Digest& secret, std::uint32_t epoch, const Digest& anchor,
                   std::uint32_t anchor_epoch) {
  if (epoch < anchor_epoch || epoch - anchor_epoch >= kMostLength) return false;
  Digest value = secret;
  for (std::uint32_t i = 0; i <= epoch - anchor_epoch; ++i) value = Keccak256(value);
  return value == anchor;
}

}  // namespace kaisar
