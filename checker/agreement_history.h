#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace kaisar::checker {

/// How often a slot has agreed with its committees, as the chain had counted it at some time.
struct AgreementCount {
  std::uint64_t time_s = 0;  // Unix time
  std::uint64_t agreed = 0;
  std::uint64_t disagreed = 0;
  friend bool operator==(const AgreementCount&, const AgreementCount&) = default;
};

/// With the newest count: at most one an hour is kept, and of those that are older than a day the
/// last one alone. Oldest first.
std::vector<AgreementCount> Remember(std::vector<AgreementCount> history,
                                     const AgreementCount& newest);

/// Of about a day before `now_s`: the oldest that is kept; null: nothing is known of that time.
std::optional<AgreementCount> CountBefore(const std::vector<AgreementCount>& history,
                                          std::uint64_t now_s);

/// The history in a data directory, which a running checker keeps there for everybody who asks how
/// the slot stands. Empty when there is none, or it cannot be read.
std::vector<AgreementCount> ReadAgreement(const std::string& data_dir);

/// Adds the newest count, where it is one to keep.
///
/// Errors: those of WriteFile.
absl::Status KeepAgreement(const std::string& data_dir, const AgreementCount& newest);

}  // namespace kaisar::checker
