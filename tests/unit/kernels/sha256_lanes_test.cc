#include "kernels/sha256_lanes.h"

#include <gtest/gtest.h>

#include <random>

#include "base/sha256.h"

namespace kaisar::kernels {
namespace {

Bytes RandomBytes(std::size_t count) {
  std::mt19937 random(static_cast<std::uint32_t>(count));
  Bytes bytes(count);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

TEST(Sha256Each, GivesTheHashOfEachMessageForEveryCountAndLength) {
  for (const std::size_t bytes : {0U, 64U, 128U, 256U, 1024U, 8192U}) {
    const Bytes all = RandomBytes(bytes * 50);
    for (std::size_t count = 0; count <= 50; ++count) {
      std::vector<Digest> digests(count);
      Sha256Each(all.data(), bytes, absl::MakeSpan(digests));
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_EQ(digests[i], Sha256(ByteView(all).subspan(i * bytes, bytes)))
            << i << " of " << count << ", " << bytes << " bytes";
      }
    }
  }
}

TEST(Sha256Each, TakesMessagesFromAnywhereAndWritesOnlyTheirHashes) {
  const Bytes all = RandomBytes(40 * 64 + 7);
  std::vector<const std::uint8_t*> messages;
  for (std::size_t i = 0; i < 40; ++i) messages.push_back(all.data() + (i * 17) % 40 * 64 + i % 8);
  for (std::size_t count = 0; count <= messages.size(); ++count) {
    Digest untouched;
    untouched.fill(0xa5);
    std::vector<Digest> digests(count + 1, untouched);
    Sha256Each(absl::MakeConstSpan(messages).first(count), 64,
               absl::MakeSpan(digests).first(count));
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(digests[i], Sha256({messages[i], 64}));
    ASSERT_EQ(digests[count], untouched) << count;
  }
}

}  // namespace
}  // namespace kaisar::kernels
