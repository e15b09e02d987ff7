#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/uint256.h"
#include "chain/chain_client.h"

namespace kaisar::chain {

/// Topic 0 of the events that are searched for.
Digest RevealedTopic();
Digest SettledTopic();
Digest CommittedTopic();
/// An indexed integer as a topic.
Digest TopicOf(std::uint64_t value);

struct RevealedEvent {
  std::uint32_t epoch = 0;
  std::uint32_t slot = 0;
  Digest secret{};
  Digest transcript_root{};
  Digest policy_hash{};
  Digest root{};  // with its flag bit
  std::vector<Digest> words;
  Digest transaction{};
};

struct SettledEvent {
  std::uint32_t epoch = 0;
  std::uint32_t device = 0;
  std::uint8_t median = 0;  // kNoMedian without quorum
  std::uint8_t present_mask = 0;
  std::uint8_t agreed_mask = 0;
  Uint256 provider_pay;
  Uint256 commission_each;
};

/// Errors: InvalidArgument when the entry is not such an event.
absl::StatusOr<RevealedEvent> ParseRevealed(const LogEntry& entry);
absl::StatusOr<SettledEvent> ParseSettled(const LogEntry& entry);

}  // namespace kaisar::chain
