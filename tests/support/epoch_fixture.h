#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "audit/report.h"
#include "base/signing_key.h"
#include "challenges/plan.h"
#include "challenges/policy.h"
#include "challenges/randomness.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::testing {

/// A whole synthetic epoch of slot 3, epoch 7, chain 31337: an honest log as a checker would have
/// written it, and its report. Made in-process from fixed keys: the same at every call.
///
/// Seven devices, n = 256, a minute:
///   1, 2  honest, of one owner              5  one bit of its first opening is wrong: score 0
///   3     honest, registering               6  honest but slow: its matmul takes 20 s, its upload
///   4     honest, in service; one latency      is 40 Mbit/s; also unreachable for its first
///         challenge STOPPED                    latency challenge
///                                           7  busy for the other slot at each matmul: left out
/// Bandwidth, in standby alone, reaches the 100 Mbit/s that count of 1 Gbit/s, but for device 6. Of
/// the first of two challenges, the checker's line was full for device 1, and a test of device 1 by
/// the other slot was in the way of device 2's. Devices 1 and 2 described themselves, device 3 was
/// asked in vain.
class EpochFixture {
 public:
  static constexpr std::uint32_t kSlot = 3;
  static constexpr std::uint32_t kOtherSlot = 9;
  static constexpr std::uint32_t kEpoch = 7;
  static constexpr std::uint64_t kChainId = 31337;
  static constexpr std::uint64_t kBeaconMs = 1'767'225'600'000;
  static constexpr std::uint64_t kEpochMs = 60'000;

  /// `epoch` from 5 on; the story of another epoch takes a second to compute.
  explicit EpochFixture(std::uint32_t epoch = kEpoch);

  /// What the log holds; change it at will.
  std::vector<v1::Record> records;
  /// What the report says besides the words and the root; change it at will.
  audit::Report report;

  v1::EpochOpened& opened() { return *records.front().mutable_epoch_opened(); }
  challenges::EpochKey key() const;
  challenges::EpochScope scope() const;
  const challenges::Policy& policy() const { return policy_; }
  /// The n-th record of a kind for a device, counted from 0; aborts when there is none.
  std::size_t FindIssued(std::uint32_t device, v1::Kind kind, std::uint32_t sequence) const;
  std::size_t FindCommitment(std::uint32_t device, std::uint32_t sequence) const;
  std::size_t FindClosed(std::uint32_t device, v1::Kind kind, std::uint32_t sequence) const;
  std::size_t FindDescribed(std::uint32_t device) const;
  v1::ChallengeClosed& Closed(std::uint32_t device, v1::Kind kind, std::uint32_t sequence) {
    return *records[FindClosed(device, kind, sequence)].mutable_closed();
  }
  v1::ChallengeIssued& Issued(std::uint32_t device, v1::Kind kind, std::uint32_t sequence) {
    return *records[FindIssued(device, kind, sequence)].mutable_issued();
  }
  v1::DeviceDescribed& Described(std::uint32_t device) {
    return *records[FindDescribed(device)].mutable_described();
  }
  v1::CommitmentReceived& Commitment(std::uint32_t device, std::uint32_t sequence) {
    return *records[FindCommitment(device, sequence)].mutable_commitment();
  }

  /// Sets the report's words and root to what a slot would report that believes its own records:
  /// the scores follow from the verdicts as they are written, without a look at the proofs.
  void ReportAsRecorded();

  /// Writes the records as they are into a log with a right tree, and the report, signed by
  /// `signer` (the slot's key when null).
  void WriteLog(const std::string& path) const;
  void WriteReport(const std::string& path, const SigningKey* signer = nullptr) const;

  static SigningKey SlotKey(std::uint32_t slot);
  static SigningKey DeviceKeyOf(std::uint32_t device);
  static std::string PolicyYaml();

 private:
  std::uint32_t epoch_;
  challenges::Policy policy_;
};

}  // namespace kaisar::testing
