#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace kaisar::reporter {

/// What a transaction is for. The numbers are in the file of the outbox.
enum class Purpose : std::uint8_t {
  kOpenEpoch = 1,
  kRequestLate = 2,
  kOpenLate = 3,
  kCommit = 4,
  kReveal = 5,
  kSettle = 6,
  kMarkMissed = 7,
  kMarkUnrevealed = 8,
};

/// "commit", "reveal", …, as people read it.
absl::string_view NameOf(Purpose purpose);

/// Whether the slot's own report goes to the chain by it.
bool CarriesReport(Purpose purpose);

/// What goes first: 0 reports, whose windows end first; 1 openings and settlings; 2 others'
/// offences, for many slots that were down must not keep anybody's pay waiting.
int Rank(Purpose purpose);

/// Whether an epoch takes several transactions of this kind.
bool Repeats(Purpose purpose);

}  // namespace kaisar::reporter
