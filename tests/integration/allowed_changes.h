#pragma once

#include <set>
#include <string>
#include <vector>

namespace kaisar::testing {

/// Changes that a checker can make to its own log without anybody noticing from the log alone, and
/// why that is so.
struct AllowedChange {
  std::string records;  // the beginning of the class of record (log_forger.h)
  std::string field;    // and of the field's path, or all of it when it ends in '$'
  std::string kind;     // of the change; empty: any
  std::string reason;
};

/// A list of them that knows which of its entries were needed.
class AllowedChanges {
 public:
  explicit AllowedChanges(std::vector<AllowedChange> list) : list_(std::move(list)) {}

  /// The reason why a change need not be caught; empty when it must be.
  std::string Find(const std::string& record_class, const std::string& field,
                   const std::string& kind);
  /// Entries that nothing asked for: they hide what is caught by now.
  std::vector<std::string> Unused() const;

 private:
  std::vector<AllowedChange> list_;
  std::set<std::size_t> used_;
};

/// Words by which a difference may name a field: one of its own path, or what the field is part of.
std::vector<std::string> WordsFor(const std::string& field);

/// Of a forger that changes a field and lets the verdict stand.
AllowedChanges AllowedWithVerdictKept();

/// Of one that judges the changed challenge anew: only what raises a device's score, or puts it
/// into the report, is asked for. That a checker can always spoil a device's evidence is
/// docs/judging.md, What no rule can settle.
AllowedChanges AllowedToRaiseScores();

}  // namespace kaisar::testing
