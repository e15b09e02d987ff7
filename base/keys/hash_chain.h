#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"

namespace kaisar {

/// A slot's hash chain x_0 … x_L, x_i = keccak256(x_{i-1}): epoch `first_epoch` reveals x_{L-1},
/// the next one x_{L-2}, and so on, so no secret serves two epochs.
///
/// Cost: making one hashes L times and keeps every 256th value; Secret hashes at most 255 times.
/// Source: docs/protocol.md, Randomness.
class HashChain {
 public:
  /// `length` is L, 1 to 2^20.
  ///
  /// Errors: InvalidArgument for another length, or one that runs out of epoch numbers.
  static absl::StatusOr<HashChain> Make(const Digest& root, std::uint32_t length,
                                        std::uint32_t first_epoch);

  /// x_L, published before first use.
  const Digest& anchor() const { return anchor_; }
  std::uint32_t first_epoch() const { return first_epoch_; }
  std::uint32_t length() const { return length_; }

  /// The secret of an epoch.
  ///
  /// Errors: OutOfRange before the first epoch or when the chain is used up, with the epochs it
  /// covers.
  absl::StatusOr<Digest> Secret(std::uint32_t epoch) const;

 private:
  HashChain() = default;
  std::vector<Digest> checkpoints_;  // x_0, x_256, …
  Digest anchor_{};
  std::uint32_t length_ = 0;
  std::uint32_t first_epoch_ = 0;
};

/// Tells whether `secret` is the one that `epoch` must reveal under `anchor`, whose chain begins
/// with `anchor_epoch`; false for epochs that no chain reaches.
///
/// Cost: one hash per epoch since `anchor_epoch`, at most 2^20.
bool IsChainSecret(const Digest& secret, std::uint32_t epoch, const Digest& anchor,
                   std::uint32_t anchor_epoch);

}  // namespace kaisar
