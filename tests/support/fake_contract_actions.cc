// The transactions of tests/support/fake_contracts.h.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "audit/report_tree.h"
#include "base/hex.h"
#include "base/keccak256.h"
#include "base/status_macros.h"
#include "chain/committee.h"
#include "chain/events.h"
#include "tests/support/fake_contracts.h"

namespace kaisar::testing {
namespace {

using chain::AbiDecoder;
using chain::AbiEncoder;

std::uint32_t Read32(AbiDecoder& decoder) {
  return static_cast<std::uint32_t>(decoder.Uint64(32));
}

absl::Status Revert(const std::string& why) {
  return absl::AbortedError(absl::StrCat("reverted: ", why));
}

absl::Status CheckWindow(std::uint64_t begin, std::uint64_t end, const FakeCallContext& context) {
  if (context.timestamp_s >= begin && context.timestamp_s < end) return absl::OkStatus();
  return Revert(absl::StrCat("OutsideWindow(", begin, ", ", end, ", ", context.timestamp_s, ")"));
}

Digest WithoutFlag(Digest word) {
  word.back() &= 0xfe;
  return word;
}

bool IsRoot(const Digest& stored) {
  return (stored.back() & 1) != 0;
}

}  // namespace

FakeContracts::Result FakeContracts::OpenEpoch(Frame& frame) {
  constexpr std::size_t kMostHeaderBytes = 4096;
  const std::uint32_t epoch = Read32(frame.arguments);
  const Bytes header = frame.arguments.DynamicBytes(kMostHeaderBytes);
  const Bytes parent = frame.arguments.DynamicBytes(kMostHeaderBytes);
  if (openings.count(epoch) != 0) return Revert(absl::StrCat("AlreadyOpened(", epoch, ")"));
  const std::uint64_t now = frame.context.block_number;
  for (std::uint64_t number = now; number > 0 && number + 256 > now; --number) {
    const Bytes* own = frame.context.header(number);
    if (own == nullptr || *own != header || number == now) continue;
    const Bytes* before = frame.context.header(number - 1);
    if (before == nullptr || *before != parent) return Revert("NotTheParent()");
    openings[epoch] = {Keccak256(header), number, frame.context.timestamp_s};
    return Bytes();
  }
  return Revert("UnknownHeader()");
}

FakeContracts::Result FakeContracts::RequestLate(Frame& frame) {
  const std::uint32_t epoch = Read32(frame.arguments);
  const chain::Schedule& schedule = deployment_.schedule;
  if (openings.count(epoch) != 0) return Revert("AlreadyOpened()");
  if (frame.context.timestamp_s < schedule.begin(epoch) + schedule.epoch_seconds / 2) {
    return Revert("TooEarly()");
  }
  std::uint64_t& pending = late_blocks_[epoch];
  if (pending != 0 && frame.context.block_number <= pending + 256) return Revert("LatePending()");
  pending = frame.context.block_number + 1;
  return Bytes();
}

FakeContracts::Result FakeContracts::OpenLate(Frame& frame) {
  const std::uint32_t epoch = Read32(frame.arguments);
  if (openings.count(epoch) != 0) return Revert("AlreadyOpened()");
  const std::uint64_t number = late_blocks_[epoch];
  const Bytes* header = number == 0 || number >= frame.context.block_number ||
                                number + 256 < frame.context.block_number
                            ? nullptr
                            : frame.context.header(number);
  if (header == nullptr) return Revert("NoLateHash()");
  openings[epoch] = {Keccak256(*header), number, frame.context.timestamp_s};
  return Bytes();
}

FakeContracts::Result FakeContracts::Commit(Frame& frame) {
  const std::uint32_t epoch = Read32(frame.arguments);
  const std::uint32_t slot = Read32(frame.arguments);
  const Digest commitment = frame.arguments.Bytes32();
  const chain::Schedule& schedule = deployment_.schedule;
  RETURN_IF_ERROR(CheckWindow(schedule.end(epoch), schedule.reveal_begin(epoch), frame.context));
  if (slot >= slots.size() || slots[slot].hot_key != frame.context.from) {
    return Revert(absl::StrCat("NotHotKey(", slot, ", ", epoch, ")"));
  }
  Digest& stored = reports[{epoch, slot}];
  if (stored != Digest{}) {
    return Revert(absl::StrCat("AlreadyCommitted(", epoch, ", ", slot, ", 0x", ToHex(stored), ")"));
  }
  stored = WithoutFlag(commitment);
  frame.logs.push_back({deployment_.reports,
                        {chain::CommittedTopic(), chain::TopicOf(epoch), chain::TopicOf(slot)},
                        AbiEncoder().Bytes32(commitment).Finish(),
                        0,
                        {},
                        {},
                        0});
  return Bytes();
}

FakeContracts::Result FakeContracts::Reveal(Frame& frame) {
  const std::uint32_t epoch = Read32(frame.arguments);
  const std::uint32_t slot = Read32(frame.arguments);
  const Digest secret = frame.arguments.Bytes32();
  const Digest transcript_root = frame.arguments.Bytes32();
  const Digest policy_hash = frame.arguments.Bytes32();
  std::vector<Digest> words;
  frame.arguments.Array(1, 1'000'000, [&](AbiDecoder& word) { words.push_back(word.Bytes32()); });
  const chain::Schedule& schedule = deployment_.schedule;
  RETURN_IF_ERROR(
      CheckWindow(schedule.reveal_begin(epoch), schedule.settle_begin(epoch), frame.context));
  Digest& stored = reports[{epoch, slot}];
  if (stored == Digest{}) return Revert("NotCommitted()");
  if (IsRoot(stored)) return Revert("AlreadyRevealed()");
  Bytes packed, facts, both;
  for (const Digest& word : words) Append(packed, word);
  for (const Digest& fact : {transcript_root, policy_hash, secret}) Append(facts, fact);
  Append(both, Keccak256(packed));
  Append(both, Keccak256(facts));
  if (WithoutFlag(Keccak256(both)) != stored) return Revert("WrongReport()");
  const absl::StatusOr<audit::ReportTree> tree = audit::ReportTree::Make(words);
  if (!tree.ok()) return Revert("WordsNotAscending()");
  stored = tree->root();
  std::vector<AbiEncoder> encoded;
  for (const Digest& word : words) encoded.push_back(AbiEncoder().Bytes32(word));
  frame.logs.push_back({deployment_.reports,
                        {chain::RevealedTopic(), chain::TopicOf(epoch), chain::TopicOf(slot)},
                        AbiEncoder()
                            .Bytes32(secret)
                            .Bytes32(transcript_root)
                            .Bytes32(policy_hash)
                            .Bytes32(stored)
                            .StaticArray(encoded)
                            .Finish(),
                        0,
                        {},
                        {},
                        0});
  return Bytes();
}

FakeContracts::Result FakeContracts::MarkMissed(Frame& frame) {
  const std::uint32_t epoch = Read32(frame.arguments);
  const std::uint32_t slot = Read32(frame.arguments);
  const chain::Schedule& schedule = deployment_.schedule;
  RETURN_IF_ERROR(
      CheckWindow(schedule.reveal_begin(epoch), schedule.dispute_end(epoch), frame.context));
  const auto opening = openings.find(epoch);
  if (opening == openings.end() || opening->second.timestamp_s >= schedule.end(epoch)) {
    return Revert("NotOpenedInTime()");
  }
  if (reports[{epoch, slot}] != Digest{}) return Revert("AlreadyCommitted()");
  return Mark(epoch, slot, frame);
}

FakeContracts::Result FakeContracts::MarkUnrevealed(Frame& frame) {
  const std::uint32_t epoch = Read32(frame.arguments);
  const std::uint32_t slot = Read32(frame.arguments);
  const chain::Schedule& schedule = deployment_.schedule;
  RETURN_IF_ERROR(
      CheckWindow(schedule.settle_begin(epoch), schedule.dispute_end(epoch), frame.context));
  const Digest stored = reports[{epoch, slot}];
  if (stored == Digest{}) return Revert("NotCommitted()");
  if (IsRoot(stored)) return Revert("AlreadyRevealed()");
  return Mark(epoch, slot, frame);
}

FakeContracts::Result FakeContracts::Mark(std::uint32_t epoch, std::uint32_t slot, Frame& frame) {
  if (!marked.emplace(epoch, slot).second) return Revert("AlreadySlashed()");
  frame.logs.push_back(
      {deployment_.slots,
       {chain::SlashedTopic(), chain::TopicOf(slot)},
       AbiEncoder().Uint(slash).Uint(slash / Uint256(10)).EvmAddress(frame.context.from).Finish(),
       0,
       {},
       {},
       0});
  return Bytes();
}

FakeContracts::Result FakeContracts::SettleBatch(Frame& frame) {
  if (settling_paused) return Revert("GroupPaused(group 0)");
  const std::uint32_t epoch = Read32(frame.arguments);
  const chain::Schedule& schedule = deployment_.schedule;
  RETURN_IF_ERROR(
      CheckWindow(schedule.settle_begin(epoch), schedule.settle_end(epoch), frame.context));
  absl::Status status;
  frame.arguments.Array(0, 10'000, [&](AbiDecoder& item) {
    if (status.ok()) status = Settle(epoch, item, frame);
  });
  if (!status.ok()) return status;
  return Bytes();
}

absl::Status FakeContracts::Settle(std::uint32_t epoch, AbiDecoder& item, Frame& frame) {
  const auto device = static_cast<std::uint32_t>(item.Uint64(24));
  if (settled.count({epoch, device}) != 0) return absl::OkStatus();  // a batch skips it
  if (unsettleable.count(device) != 0) {
    return Revert(absl::StrCat("NoWeight(", epoch, ", ", device, ")"));
  }
  RETURN_IF_ERROR(CheckProofs(epoch, device, item));
  settled.insert({epoch, device});
  frame.logs.push_back({deployment_.settlement,
                        {chain::SettledTopic(), chain::TopicOf(epoch), chain::TopicOf(device)},
                        AbiEncoder().Uint(200).Uint(1).Uint(1).Uint(80).Uint(20).Finish(),
                        0,
                        {},
                        {},
                        0});
  return absl::OkStatus();
}

absl::Status FakeContracts::CheckProofs(std::uint32_t epoch, std::uint32_t device,
                                        AbiDecoder& item) {
  std::vector<audit::ReportProof> proofs;
  item.Array(0, chain::kCommitteeSize, [&](AbiDecoder& value) {
    audit::ReportProof proof;
    proof.word = value.Bytes32();
    proof.index = Read32(value);
    proof.next = static_cast<std::uint32_t>(value.Uint64(24));
    value.Array(1, 64, [&](AbiDecoder& node) { proof.path.push_back(node.Bytes32()); });
    proofs.push_back(std::move(proof));
  });
  const std::vector<std::uint32_t> members =
      chain::Committee(openings[epoch].beacon, device, static_cast<std::uint32_t>(slots.size()));
  if (proofs.size() != members.size()) return Revert("WrongProofCount()");
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Digest stored = reports[{epoch, members[i]}];
    if (!IsRoot(stored)) continue;
    if (!audit::OpensLeafOf(proofs[i], device, stored)) {
      return Revert(absl::StrCat("WrongProof(", epoch, ", ", device, ", ", members[i], ")"));
    }
  }
  return absl::OkStatus();
}

}  // namespace kaisar::testing
