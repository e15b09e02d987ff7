#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "chain/contracts.h"

namespace kaisar::provider {

/// A device of this provider, and what the chain says of it; null: not read yet.
struct OwnDevice {
  std::uint32_t id = 0;
  Address key{};                               // of the key here
  std::optional<Address> registered_key = {};  // of the one that its answers must be signed with
  std::optional<chain::Phase> phase = {};
  std::optional<bool> in_epoch = {};  // has weight in the newest epoch that was read
  bool unregistered = false;          // the chain has no such id

  /// No answer of this machine counts, and the device's bond burns.
  bool has_other_key() const { return registered_key.has_value() && *registered_key != key; }
};

}  // namespace kaisar::provider
