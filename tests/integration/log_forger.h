#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "audit/record_check.h"
#include "audit/report.h"
#include "audit/score.h"
#include "tests/support/epoch_fixture.h"

namespace kaisar::testing {

/// The records of a log. A mutant shares those that it leaves alone with the honest log.
using Log = std::vector<std::shared_ptr<const v1::Record>>;

Log LogOf(const std::vector<v1::Record>& records);

/// The epoch of every verdict, made once, and its log: what the mutants are made of.
const EpochFixture& Honest();
const Log& HonestLog();

/// What the auditor says of a log.
struct Findings {
  std::vector<std::string> differences;
  std::vector<audit::DeviceScore> scores;

  bool any() const { return !differences.empty(); }
  /// Whether one of the differences holds all of these.
  bool Name(const std::vector<std::string>& words) const;
};

/// Audits what forgers make of one honest log.
class Auditor {
 public:
  explicit Auditor(Log honest) : honest_(std::move(honest)) {}

  /// Verifies the records as a forger hands them in who keeps the log: who computes the root and
  /// the scores anew from the changed records, puts into the report whatever they say, and signs it
  /// with the slot's key. So no word of the report is at odds with the log; what is found is found
  /// in the records.
  ///
  /// Cost: what audit::CheckRecord says of records that all are the honest log's, at their places,
  ///       is asked for once: it depends on nothing else.
  Findings AuditReclosed(const Log& records);

 private:
  struct Checked {
    std::vector<std::string> differences;
    challenges::Judgement judged;
  };
  /// The check's index, and the records that it looks at.
  using Place = std::tuple<std::size_t, const void*, const void*, const void*>;

  std::optional<Place> PlaceOf(const Log& records, const audit::RecordCheck& check) const;

  const Log honest_;
  std::map<Place, Checked> checked_;
};

/// What the comparison with a chain finds that says of the epoch what the honest log says: beacon,
/// times and roster. The slot has revealed nothing yet.
std::vector<std::string> ChainDifferences(const Log& honest, const Log& log);

/// The log with another record at a place, which the slot signs where it signs such records.
Log With(const Log& log, std::size_t index, v1::Record record);

/// The same forger, who also lets the verdict at `closing` follow from what the log has now.
///
/// Result: absent when that is the verdict which stands there.
std::optional<Log> WithVerdict(const EpochFixture& epoch, const Log& log, std::size_t closing);

/// "closed LATENCY DEADLINE FAIL TIMED_OUT", "commitment, closed MATMUL COMPLETED PASS": records of
/// which one stands for all.
std::string ClassOf(const Log& records, std::size_t index);

/// The record that closes the challenge which a record is about; itself when it closes one; absent
/// when it is about none.
std::optional<std::size_t> ClosingOf(const Log& records, std::size_t index);

/// The last record of every class: with room before it, in time and in the log.
std::map<std::string, std::size_t> Representatives(const Log& records);

}  // namespace kaisar::testing
