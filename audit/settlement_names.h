#pragma once

#include <string>

#include "audit/epoch_settlement.h"

namespace kaisar::audit {

/// As the tables and the JSON of `settle` write it.
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
