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
Digest FundedTopic();
Digest BondBurnedTopic();
Digest LateRequestedTopic();
Digest SlashedTopic();
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
  std::uint64_t block_number = 0;
};

struct SettledEvent {
  std::uint32_t epoch = 0;
  std::uint32_t device = 0;
  std::uint8_t median = 0;  // kNoMedian without quorum
  std::uint8_t present_mask = 0;
  std::uint8_t agreed_mask = 0;
  Uint256 provider_pay;
  Uint256 commission_each;  // wei of KAI, as provider_pay
  Digest transaction{};
  std::uint64_t block_number = 0;
  std::uint32_t index = 0;  // of the entry in its block
};

struct CommittedEvent {
  std::uint32_t epoch = 0;
  std::uint32_t slot = 0;
  Digest commitment{};  // as given, lowest bit included
  std::uint64_t block_number = 0;
  Digest transaction{};
};

struct FundedEvent {
  std::uint32_t epoch = 0;
  Address from{};
  Uint256 amount;  // wei of KAI
  std::uint64_t block_number = 0;
};

struct BondBurnedEvent {
  std::uint32_t device = 0;
  Uint256 amount;  // wei of KAI
  Digest transaction{};
  std::uint64_t block_number = 0;
  std::uint32_t index = 0;  // of the entry in its block
};

struct LateRequestedEvent {
  std::uint32_t epoch = 0;
  std::uint64_t beacon_block = 0;  // whose hash the beacon may become
  std::uint64_t block_number = 0;  // of the request
};

struct SlashedEvent {
  std::uint32_t slot = 0;
  Uint256 amount;       // wei of KAI
  Uint256 to_reporter;  // of it
};

/// Errors: InvalidArgument when the entry is not such an event.
absl::StatusOr<RevealedEvent> ParseRevealed(const LogEntry& entry);
absl::StatusOr<SettledEvent> ParseSettled(const LogEntry& entry);
absl::StatusOr<CommittedEvent> ParseCommitted(const LogEntry& entry);
absl::StatusOr<FundedEvent> ParseFunded(const LogEntry& entry);
absl::StatusOr<BondBurnedEvent> ParseBondBurned(const LogEntry& entry);
absl::StatusOr<LateRequestedEvent> ParseLateRequested(const LogEntry& entry);
absl::StatusOr<SlashedEvent> ParseSlashed(const LogEntry& entry);

}  // namespace kaisar::chain
