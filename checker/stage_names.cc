#include "checker/stage_names.h"

namespace kaisar::checker {

absl::string_view NameOf(reporter::Stage stage) {
  switch (stage) {
    case reporter::Stage::kWaiting:
      return "waiting";
    case reporter::Stage::kCommitting:
      return "committing";
    case reporter::Stage::kCommitted:
      return "committed";
    case reporter::Stage::kRevealing:
      return "revealing";
    case reporter::Stage::kRevealed:
      return "revealed";
    case reporter::Stage::kSettling:
      return "settling";
    case reporter::Stage::kDone:
      return "done";
    case reporter::Stage::kMissed:
      return "missed";
    case reporter::Stage::kHeld:
      return "held";
  }
  return "unknown";
}

}  // namespace kaisar::checker
