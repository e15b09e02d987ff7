#pragma once

#include "chain/contracts.h"

namespace kaisar::provider {

/// A phase as docs/protocol.md writes it.
inline const char* PhaseName(chain::Phase phase) {
  switch (phase) {
    case chain::Phase::kNone:
      return "NONE";
    case chain::Phase::kRegistering:
      return "REGISTERING";
    case chain::Phase::kStandby:
      return "STANDBY";
    case chain::Phase::kInService:
      return "IN_SERVICE";
  }
  return "NONE";  // no other value is made
}

}  // namespace kaisar::provider
