#include "reporter/purpose.h"

namespace kaisar::reporter {

absl::string_view NameOf(Purpose purpose) {
  switch (purpose) {
    case Purpose::kOpenEpoch:
      return "open epoch";
    case Purpose::kRequestLate:
      return "request late opening";
    case Purpose::kOpenLate:
      return "open late";
    case Purpose::kCommit:
      return "commit";
    case Purpose::kReveal:
      return "reveal";
    case Purpose::kSettle:
      return "settle";
    case Purpose::kMarkMissed:
      return "mark missed report";
    case Purpose::kMarkUnrevealed:
      return "mark report not revealed";
  }
  return "unknown";
}

bool CarriesReport(Purpose purpose) {
  return purpose == Purpose::kCommit || purpose == Purpose::kReveal;
}

int Rank(Purpose purpose) {
  if (CarriesReport(purpose)) return 0;
  return purpose == Purpose::kMarkMissed || purpose == Purpose::kMarkUnrevealed ? 2 : 1;
}

bool Repeats(Purpose purpose) {
  return purpose == Purpose::kSettle || Rank(purpose) == 2;
}

}  // namespace kaisar::reporter
