#pragma once

#include <cstdint>

#include "challenges/policy.h"
#include "kaisar/v1/challenge.pb.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// What the checker's own connection carries each way, bits per second, by its config. Out is what
/// devices receive (DOWN), in is what they send (UP).
struct LineCapacity {
  std::uint64_t out_bits_per_second = 0;
  std::uint64_t in_bits_per_second = 0;
};

/// Keeps the rates of all tests under way within the checker's own connection, each direction by
/// itself. A fifth stays free: for the framing of the tests (some 5 %, docs/measurements.md), and
/// so that latency and proofs are not measured through a full line.
///
/// Units:   bits per second.
/// Threads: one at a time.
class LineBudget {
 public:
  explicit LineBudget(const LineCapacity& capacity);

  /// Whether a test at this rate can ever run.
  bool Carries(v1::Direction direction, std::uint64_t rate) const;
  /// Whether it can now.
  bool HasRoom(v1::Direction direction, std::uint64_t rate) const;
  /// Room must be there.
  void Take(v1::Direction direction, std::uint64_t rate);
  void Release(v1::Direction direction, std::uint64_t rate);

  std::uint64_t most(v1::Direction direction) const { return SideOf(direction).most; }
  std::uint64_t in_use(v1::Direction direction) const { return SideOf(direction).in_use; }

 private:
  struct Side {
    std::uint64_t most = 0;
    std::uint64_t in_use = 0;
  };
  const Side& SideOf(v1::Direction direction) const { return direction == v1::UP ? in_ : out_; }
  Side& SideOf(v1::Direction direction) { return direction == v1::UP ? in_ : out_; }

  Side out_;
  Side in_;
};

/// Whether a device's tests can run at all: at what counts of its claims, and a tenth more.
bool CarriesTestsOf(const LineBudget& budget, const v1::Device& device,
                    const challenges::BandwidthPolicy& policy);

/// How many devices of the roster are asked bandwidth and are too fast for this connection.
std::uint32_t CountTooFast(const LineCapacity& capacity, const v1::Roster& roster,
                           const challenges::Policy& policy);

}  // namespace kaisar::checker
