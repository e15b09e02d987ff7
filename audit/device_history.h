#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "audit/logged_challenges.h"
#include "challenges/policy.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::audit {

/// A figure over an epoch's time. Of many values it keeps every second, fourth, eighth … one.
///
/// Cost: 16 bytes a point, kMostPoints at most.
class Curve {
 public:
  /// More than one a pixel is not seen. A policy's 360 latency challenges are all kept.
  static constexpr std::size_t kMostPoints = 512;

  struct Point {
    std::uint64_t due_ms = 0;
    std::uint64_t value = 0;
  };

  void Add(std::uint64_t due_ms, std::uint64_t value);
  bool empty() const { return points_.empty(); }
  /// By time.
  std::vector<Point> Points() const;
  /// Of so many values one is kept.
  std::uint64_t stride() const { return stride_; }

 private:
  std::vector<Point> points_;
  std::uint64_t seen_ = 0;
  std::uint64_t stride_ = 1;
};

/// A challenge that did not pass.
struct MissedChallenge {
  std::uint64_t due_ms = 0;
  v1::Kind kind = v1::KIND_UNSPECIFIED;
  v1::Verdict verdict = v1::VERDICT_UNSPECIFIED;
  v1::Reason reason = v1::NONE;
  std::uint64_t record = 0;  // that closes it
};

/// What a page shows of a device's challenges.
struct DeviceHistory {
  /// Who misses more misses most, and the score says so.
  static constexpr std::size_t kMostMissed = 100;

  Curve rtt_us;
  Curve ops_per_second;
  Curve down_bits_per_second;
  Curve up_bits_per_second;
  std::vector<MissedChallenge> missed;  // the first ones, in the order of the log
  std::uint64_t missed_count = 0;
  std::map<v1::Kind, std::uint32_t> conclusive;  // challenges passed or failed
  std::uint32_t answered = 0;                    // latency challenges passed
  std::uint64_t samples = 0;                     // checked, of the proofs that passed
};

/// The histories of all devices of an epoch, while its log is verified.
class EpochHistory {
 public:
  void Add(const challenges::Policy& policy, const LoggedChallenge& challenge);
  /// An empty one where the log has no challenge of the device.
  const DeviceHistory& Of(std::uint32_t device) const;

 private:
  std::map<std::uint32_t, DeviceHistory> histories_;
};

}  // namespace kaisar::audit
