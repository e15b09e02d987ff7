#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audit/comparison_logs.h"
#include "audit/finding.h"

namespace kaisar::audit {

// Devices whose rate falls when they are challenged together. One GPU in the place of two is slower
// whenever both are at work: whichever of the two it lets wait. All that is used are the times that
// checkers measured. A rate is taken relative to the device's median in the same log, in parts per
// million, so a checker that is far away, or slow, is compared with itself.

/// A rate at or below this part of what it is otherwise has fallen. A device that shares is at a
/// half when both begin together and at two thirds when the second one begins half-way; heat, power
/// and a busy machine cost a whole one less than this.
inline constexpr std::uint32_t kFallenPpm = 800'000;

/// How seldom chance may give any finding at all in a comparison of honest devices: once in a
/// million epochs. The bound of one test is this over the number of tests (Bonferroni), so that
/// many devices do not make one of them stand out.
inline constexpr double kMostChance = 1e-6;

/// The fewest times that two devices were challenged together, to be tested.
inline constexpr std::size_t kLeastTogether = 5;

/// What the times of two devices say.
struct PairTest {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  std::size_t together = 0;  // times that both were at work
  std::size_t apart = 0;  // challenges of the first and the second that were not, paired in order
  /// Lower medians, relative rates in ppm, of the slower one of the two.
  std::uint32_t together_ppm = 0;
  std::uint32_t apart_ppm = 0;
  /// Lower medians of each by itself, together and apart.
  std::uint32_t first_together_ppm = 0, first_apart_ppm = 0;
  std::uint32_t second_together_ppm = 0, second_apart_ppm = 0;
  double chance = 1;  // that it falls as far by chance; of this one test
  /// Devices of the same two owners of which the same could be said: those of an owner are
  /// challenged at the same instants.
  std::vector<std::uint32_t> alike;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> records;  // slot and record, of `together`
};

/// How devices did at the muster, when all are challenged at one instant.
struct MusterTest {
  struct Fallen {
    std::uint32_t device = 0;
    std::uint32_t slot = 0;  // that mustered it
    std::uint32_t relative_ppm = 0;
    std::uint64_t record = 0;
  };
  std::uint64_t mustered = 0;
  std::vector<Fallen> fallen;  // at or below kFallenPpm
  std::uint64_t others = 0;    // challenges at other times, of these devices
  std::uint64_t others_fallen = 0;
  /// That so many fall at the muster by chance, were any one slot's measurements left out: its own
  /// machine may have been busy, or it may lie.
  double chance = 1;
};

struct SharingComparison {
  std::vector<Finding> findings;
  std::vector<PairTest> suspected;
  std::uint64_t pairs = 0;  // of devices with rates
  std::uint64_t pairs_tested = 0;
  std::size_t most_together = 0;  // of any pair
  MusterTest muster;
  double bound = kMostChance;  // of each test: of `pairs_tested` and of the muster
};

/// Compares what devices reach when another one is challenged with what they reach otherwise.
///
/// Result: a pair is tested when chance could be told from sharing at all. Two challenges are
/// together
///         when different checkers began them no further apart than half of what the shorter one
///         takes at its median. Only their beginnings count, which checkers drew before: how long
///         they took, which is what is compared, must not decide it. So one checker alone can make
///         nobody suspect, and its own load shows in nothing.
/// Cost:   8 bytes for each two challenges that are together.
SharingComparison FindSharedHardware(const std::vector<CheckerLog>& logs);

}  // namespace kaisar::audit
