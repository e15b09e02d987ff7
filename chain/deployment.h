#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/uint256.h"

namespace kaisar::chain {

/// When epochs and their windows are. Units: Unix seconds and seconds.
///
/// Source: docs/settlement.md, Windows.
struct Schedule {
  std::uint64_t genesis = 0;
  std::uint32_t epoch_seconds = 0;
  std::uint32_t commit_seconds = 0;
  std::uint32_t reveal_seconds = 0;
  std::uint32_t settle_seconds = 0;
  std::uint32_t dispute_seconds = 0;
  std::uint32_t unbonding_seconds = 0;

  std::uint64_t begin(std::uint32_t epoch) const {
    return genesis + std::uint64_t{epoch} * epoch_seconds;
  }
  std::uint64_t end(std::uint32_t epoch) const { return begin(epoch) + epoch_seconds; }
  std::uint64_t reveal_begin(std::uint32_t epoch) const { return end(epoch) + commit_seconds; }
  std::uint64_t settle_begin(std::uint32_t epoch) const {
    return reveal_begin(epoch) + reveal_seconds;
  }
  /// The epoch that a time (Unix seconds) is in; 0 before genesis, too.
  std::uint32_t epoch_at(std::uint64_t time_s) const {
    if (time_s < genesis) return 0;
    return static_cast<std::uint32_t>((time_s - genesis) / epoch_seconds);
  }
  std::uint64_t settle_end(std::uint32_t epoch) const { return end(epoch) + settle_seconds; }
  /// Until then offences of the epoch can be shown.
  std::uint64_t dispute_end(std::uint32_t epoch) const {
    return settle_begin(epoch) + dispute_seconds;
  }
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

/// What contracts/deploy.mjs wrote: where the contracts are and what they were made with.
struct Deployment {
  std::uint64_t chain_id = 0;
  std::uint64_t block = 0;  // of the first contract; logs are searched from here
  Address token{};
  Address license{};
  Address emission{};
  Address beacon{};
  Address devices{};
  Address slots{};
  Address reports{};
  Address settlement{};
  Schedule schedule;
  Uint256 initial_supply;  // wei
  std::uint8_t provider_percent = 0;
  std::uint8_t band = 0;  // of 200
};

/// Errors: InvalidArgument with the file, the key, its value and what was expected.
absl::StatusOr<Deployment> ParseDeployment(const std::string& file, const std::string& json);
absl::StatusOr<Deployment> ReadDeployment(const std::string& path);

}  // namespace kaisar::chain
