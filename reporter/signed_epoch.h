#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace kaisar::reporter {

/// What a row of the signature store says: the one digest that a slot signs for an epoch.
struct SignedEpoch {
  std::uint64_t chain_id = 0;
  Address contract{};
  std::uint32_t slot = 0;
  std::uint32_t epoch = 0;
  Digest digest{};
  bool imported = false;  // from another node's history
  friend bool operator==(const SignedEpoch&, const SignedEpoch&) = default;
};

/// SHA-256 of `before` (of the row before, or zeros) and the row's values: a change to any row
/// changes all that follow.
Digest ChainedHash(const Digest& before, const SignedEpoch& row);

}  // namespace kaisar::reporter
