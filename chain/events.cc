#include "chain/events.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "chain/abi.h"

namespace kaisar::chain {
namespace {

/// 2^24 devices at eight a word.
constexpr std::size_t kMostWords = std::size_t{1} << 21;

std::uint32_t ReadUint32(AbiDecoder& decoder) {
  return static_cast<std::uint32_t>(decoder.Uint64(32));
}

std::uint8_t ReadUint8(AbiDecoder& decoder) {
  return static_cast<std::uint8_t>(decoder.Uint64(8));
}

/// The indexed values of an event, one word each.
absl::StatusOr<Bytes> Indexed(absl::string_view name, const LogEntry& entry, const Digest& topic,
                              std::size_t count) {
  if (entry.topics.size() != count + 1 || entry.topics[0] != topic) {
    return absl::InvalidArgumentError(absl::StrCat("log entry ", entry.index, " of block ",
                                                   entry.block_number, " is no event ", name));
  }
  Bytes words;
  for (std::size_t i = 1; i <= count; ++i) Append(words, entry.topics[i]);
  return words;
}

absl::Status Checked(absl::string_view name, const LogEntry& entry, const AbiDecoder& indexed,
                     const AbiDecoder& rest) {
  for (const absl::Status& status : {indexed.status(), rest.status()}) {
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("event ", name, " at entry ", entry.index,
                                                     " of block ", entry.block_number, ": ",
                                                     status.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

Digest RevealedTopic() {
  static const Digest topic =
      EventTopic("Revealed(uint32,uint32,bytes32,bytes32,bytes32,bytes32,bytes32[])");
  return topic;
}

Digest SettledTopic() {
  static const Digest topic =
      EventTopic("Settled(uint32,uint24,uint8,uint8,uint8,uint256,uint256)");
  return topic;
}

Digest CommittedTopic() {
  static const Digest topic = EventTopic("Committed(uint32,uint32,bytes32)");
  return topic;
}

Digest FundedTopic() {
  static const Digest topic = EventTopic("Funded(uint32,address,uint256)");
  return topic;
}

Digest BondBurnedTopic() {
  static const Digest topic = EventTopic("BondBurned(uint24,uint256)");
  return topic;
}

Digest LateRequestedTopic() {
  static const Digest topic = EventTopic("LateRequested(uint32,uint64)");
  return topic;
}

Digest SlashedTopic() {
  static const Digest topic = EventTopic("Slashed(uint32,uint256,uint256,address)");
  return topic;
}

Digest TopicOf(std::uint64_t value) {
  return Uint256(value).ToWord();
}

absl::StatusOr<RevealedEvent> ParseRevealed(const LogEntry& entry) {
  ASSIGN_OR_RETURN(const Bytes words, Indexed("Revealed", entry, RevealedTopic(), 2));
  AbiDecoder indexed(words), rest(entry.data);
  RevealedEvent event;
  event.epoch = ReadUint32(indexed);
  event.slot = ReadUint32(indexed);
  event.secret = rest.Bytes32();
  event.transcript_root = rest.Bytes32();
  event.policy_hash = rest.Bytes32();
  event.root = rest.Bytes32();
  rest.Array(1, kMostWords, [&](AbiDecoder& word) { event.words.push_back(word.Bytes32()); });
  event.transaction = entry.transaction;
  event.block_number = entry.block_number;
  RETURN_IF_ERROR(Checked("Revealed", entry, indexed, rest));
  return event;
}

absl::StatusOr<SettledEvent> ParseSettled(const LogEntry& entry) {
  ASSIGN_OR_RETURN(const Bytes words, Indexed("Settled", entry, SettledTopic(), 2));
  AbiDecoder indexed(words), rest(entry.data);
  SettledEvent event;
  event.epoch = ReadUint32(indexed);
  event.device = static_cast<std::uint32_t>(indexed.Uint64(24));
  event.median = ReadUint8(rest);
  event.present_mask = ReadUint8(rest);
  event.agreed_mask = ReadUint8(rest);
  event.provider_pay = rest.Uint();
  event.commission_each = rest.Uint();
  event.transaction = entry.transaction;
  event.block_number = entry.block_number;
  event.index = entry.index;
  RETURN_IF_ERROR(Checked("Settled", entry, indexed, rest));
  return event;
}

absl::StatusOr<CommittedEvent> ParseCommitted(const LogEntry& entry) {
  ASSIGN_OR_RETURN(const Bytes words, Indexed("Committed", entry, CommittedTopic(), 2));
  AbiDecoder indexed(words), rest(entry.data);
  CommittedEvent event;
  event.epoch = ReadUint32(indexed);
  event.slot = ReadUint32(indexed);
  event.commitment = rest.Bytes32();
  event.block_number = entry.block_number;
  event.transaction = entry.transaction;
  RETURN_IF_ERROR(Checked("Committed", entry, indexed, rest));
  return event;
}

absl::StatusOr<FundedEvent> ParseFunded(const LogEntry& entry) {
  ASSIGN_OR_RETURN(const Bytes words, Indexed("Funded", entry, FundedTopic(), 2));
  AbiDecoder indexed(words), rest(entry.data);
  FundedEvent event;
  event.epoch = ReadUint32(indexed);
  event.from = indexed.EvmAddress();
  event.amount = rest.Uint();
  event.block_number = entry.block_number;
  RETURN_IF_ERROR(Checked("Funded", entry, indexed, rest));
  return event;
}

absl::StatusOr<BondBurnedEvent> ParseBondBurned(const LogEntry& entry) {
  ASSIGN_OR_RETURN(const Bytes words, Indexed("BondBurned", entry, BondBurnedTopic(), 1));
  AbiDecoder indexed(words), rest(entry.data);
  BondBurnedEvent event;
  event.device = static_cast<std::uint32_t>(indexed.Uint64(24));
  event.amount = rest.Uint();
  event.transaction = entry.transaction;
  event.block_number = entry.block_number;
  event.index = entry.index;
  RETURN_IF_ERROR(Checked("BondBurned", entry, indexed, rest));
  return event;
}

absl::StatusOr<LateRequestedEvent> ParseLateRequested(const LogEntry& entry) {
  ASSIGN_OR_RETURN(const Bytes words, Indexed("LateRequested", entry, LateRequestedTopic(), 1));
  AbiDecoder indexed(words), rest(entry.data);
  LateRequestedEvent event;
  event.epoch = ReadUint32(indexed);
  event.beacon_block = rest.Uint64();
  event.block_number = entry.block_number;
  RETURN_IF_ERROR(Checked("LateRequested", entry, indexed, rest));
  return event;
}

absl::StatusOr<SlashedEvent> ParseSlashed(const LogEntry& entry) {
  ASSIGN_OR_RETURN(const Bytes words, Indexed("Slashed", entry, SlashedTopic(), 1));
  AbiDecoder indexed(words), rest(entry.data);
  SlashedEvent event;
  event.slot = ReadUint32(indexed);
  event.amount = rest.Uint();
  event.to_reporter = rest.Uint();
  RETURN_IF_ERROR(Checked("Slashed", entry, indexed, rest));
  return event;
}

}  // namespace kaisar::chain
