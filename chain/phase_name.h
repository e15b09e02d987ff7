#pragma once

#include "chain/contracts.h"

namespace kaisar::chain {

/// A phase as docs/protocol.md writes it.
inline const char* NameOf(Phase phase) {
  switch (phase) {
    case Phase::kNone:
      return "NONE";
    case Phase::kRegistering:
      return "REGISTERING";
    case Phase::kStandby:
      return "STANDBY";
    case Phase::kInService:
      return "IN_SERVICE";
  }
  return "NONE";  // no other value is made
}

}  // namespace kaisar::chain
