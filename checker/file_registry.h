#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/entropy.h"
#include "base/keys/hash_chain.h"
#include "checker/registry.h"

namespace kaisar::checker {

/// Epochs of a roster file: they begin by this machine's clock, and each try of one draws a beacon.
class FileRegistry final : public Registry {
 public:
  /// The references must outlive it.
  FileRegistry(EpochGrid grid, v1::Roster roster, const HashChain& chain, Entropy& entropy,
               const Clock& clock)
      : grid_(grid), roster_(std::move(roster)), chain_(chain), entropy_(entropy), clock_(clock) {}

  EpochGrid grid() const override { return grid_; }
  /// Errors: those of HashChain::Secret and of the entropy.
  absl::StatusOr<std::optional<EpochStart>> Begin(std::uint32_t epoch) override;
  /// A file's beacon is only in the log: nothing can contradict it.
  void Recheck(std::uint32_t, const Digest&) override {}

 private:
  const EpochGrid grid_;
  const v1::Roster roster_;
  const HashChain& chain_;
  Entropy& entropy_;
  const Clock& clock_;
};

}  // namespace kaisar::checker
