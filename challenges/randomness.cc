#include "challenges/randomness.h"

#include "absl/numeric/int128.h"
#include "base/hkdf.h"

namespace kaisar::challenges {
namespace {

constexpr std::uint64_t kWordsPerBlock = 8;

}  // namespace

Stream::Stream(const Digest& key, std::uint64_t first_word)
    : keystream_(key, ChaCha20Keystream::Nonce{},
                 static_cast<std::uint32_t>(first_word / kWordsPerBlock)),
      used_(buffer_.size()) {
  for (std::uint64_t i = 0; i < first_word % kWordsPerBlock; ++i) NextWord();
}

std::uint64_t Stream::NextWord() {
  if (used_ == buffer_.size()) {
    keystream_.Read(absl::MakeSpan(buffer_));
    used_ = 0;
  }
  const std::uint64_t word = LoadLittleEndian64(buffer_.data() + used_);
  used_ += sizeof(word);
  return word;
}

std::uint64_t Stream::Draw(std::uint64_t bound) {
  return absl::Uint128High64(absl::uint128(NextWord()) * bound);
}

EpochKey EpochKey::Derive(const Digest& secret, const Digest& beacon, std::uint64_t chain_id,
                          std::uint32_t slot, std::uint32_t epoch) {
  Bytes info;
  Append(info, ViewOf("kaisar/v1/epoch"));
  AppendBigEndian64(info, chain_id);
  AppendBigEndian32(info, slot);
  AppendBigEndian32(info, epoch);
  const Digest key = HkdfSha256(secret, beacon, info);
  return EpochKey(key, HkdfExtract({}, key));
}

Digest EpochKey::Value(absl::string_view label, ByteView context) const {
  Bytes info;
  info.reserve(64);
  Append(info, ViewOf("kaisar/v1/"));
  Append(info, ViewOf(label));
  info.push_back(0);
  Append(info, context);
  return HkdfExpand(prk_, info);
}

Stream EpochKey::MakeStream(absl::string_view label, ByteView context) const {
  return Stream(Value(label, context));
}

Stream MusterStream(const Digest& beacon, std::uint32_t epoch) {
  Bytes info;
  Append(info, ViewOf("kaisar/v1/muster"));
  AppendBigEndian32(info, epoch);
  return Stream(HkdfSha256(beacon, {}, info));
}

}  // namespace kaisar::challenges
