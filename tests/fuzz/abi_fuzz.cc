// Bytes that a view is said to have returned, an event to hold or a header to be: never read beyond
// their end, never more than their limits, whatever offsets and counts they have.

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "chain/abi.h"
#include "chain/events.h"
#include "chain/header.h"
#include "chain/revert_reason.h"

namespace kaisar::chain {
namespace {

constexpr std::size_t kMostElements = 64;
constexpr std::size_t kMostBytes = 256;

void ReadStatic(ByteView bytes) {
  AbiDecoder decoder(bytes);
  KAISAR_CHECK(decoder.Uint64(8) <= 0xff);
  decoder.Boolean();
  decoder.EvmAddress();
  decoder.Bytes32();
  KAISAR_CHECK(decoder.status().ok() ? bytes.size() >= 128 : !decoder.status().message().empty());
}

void ReadDynamic(ByteView bytes) {
  AbiDecoder decoder(bytes);
  KAISAR_CHECK(decoder.DynamicBytes(kMostBytes).size() <= kMostBytes);
  std::size_t pairs = 0;
  decoder.Array(2, kMostElements, [&](AbiDecoder& pair) {
    ++pairs;
    pair.Uint();
    pair.Uint64(24);
  });
  KAISAR_CHECK(pairs <= kMostElements && pairs * 64 <= bytes.size());
  std::size_t tuples = 0;
  decoder.Array(0, kMostElements, [&](AbiDecoder& tuple) {
    ++tuples;
    KAISAR_CHECK(tuple.DynamicBytes(kMostBytes).size() <= kMostBytes);
    AbiDecoder inner = tuple.DynamicTuple();
    inner.Uint();
  });
  KAISAR_CHECK(tuples <= kMostElements && tuples * 32 <= bytes.size());
}

void ReadEvents(ByteView bytes) {
  LogEntry entry;
  entry.data.assign(bytes.begin(), bytes.end());
  for (const Digest& topic : {RevealedTopic(), SettledTopic()}) {
    entry.topics = {topic, TopicOf(7), TopicOf(2)};
    const auto revealed = ParseRevealed(entry);
    KAISAR_CHECK(!revealed.ok() || revealed->words.size() * 32 <= bytes.size());
    const auto settled = ParseSettled(entry);
    KAISAR_CHECK(settled.ok() || !settled.status().message().empty());
  }
}

/// A header of twelve fields, one of them 32 bytes, has at least 45 bytes.
void ReadHeader(ByteView bytes) {
  const auto fields = ParseHeader(bytes);
  KAISAR_CHECK(fields.ok() ? bytes.size() >= 45 : !fields.status().message().empty());
}

}  // namespace
}  // namespace kaisar::chain

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const kaisar::ByteView bytes(input, size);
  kaisar::chain::ReadStatic(bytes);
  kaisar::chain::ReadDynamic(bytes);
  kaisar::chain::ReadEvents(bytes);
  kaisar::chain::ReadHeader(bytes);
  KAISAR_CHECK(!kaisar::chain::DescribeRevert(bytes).empty());
  return 0;
}
