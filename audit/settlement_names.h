#pragma once

#include <string>

#include "audit/epoch_settlement.h"

namespace kaisar::audit {

/// As the design writes them.
inline std::string NameOf(chain::Phase phase) {
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
  return "";
}

inline std::string NameOf(ReportStage stage) {
  switch (stage) {
    case ReportStage::kNone:
      return "none";
    case ReportStage::kCommitted:
      return "committed";
    case ReportStage::kRevealed:
      return "revealed";
  }
  return "";
}

}  // namespace kaisar::audit
