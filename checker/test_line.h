#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "checker/endpoint_calendar.h"
#include "checker/line_budget.h"
#include "kaisar/v1/challenge.pb.h"

namespace kaisar::checker {

/// A bandwidth test that a device has opened.
struct OpenedTest {
  std::uint32_t index = 0;   // of its challenge in the plan
  std::uint32_t device = 0;  // id
  v1::Direction direction = v1::DIRECTION_UNSPECIFIED;
  std::uint64_t bits_per_second = 0;  // sent at
  std::uint32_t seconds = 0;          // with the uncounted one
  std::uint64_t opened_ns = 0;        // monotonic
};

/// Says which opened test may run next: one that the checker's own connection has room for, and
/// whose endpoint is asked nothing else before the test is over. In the order in which they were
/// opened; a test that waits for the connection alone lets none of its direction pass, so that a
/// fast device gets its turn among slow ones, and a test that waits for its endpoint lets all pass.
/// Only running tests hold anything, so no device can keep others waiting by being slow.
///
/// Threads: one at a time.
class TestLine {
 public:
  TestLine(LineBudget& budget, EndpointCalendar& calendar) : budget_(budget), calendar_(calendar) {}

  void Enqueue(const OpenedTest& test) { waiting_.push_back(test); }

  /// Takes room and endpoint for the next test that may run. Times in ms after the beacon; all that
  /// was due before `from_ms` is open or over.
  std::optional<OpenedTest> TakeNext(std::uint64_t now_ms, std::uint64_t from_ms);
  /// Gives back what TakeNext took for this test.
  void Release(const OpenedTest& test);

  /// The test that has waited longest.
  const OpenedTest* first() const { return waiting_.empty() ? nullptr : &waiting_.front(); }
  std::size_t waiting() const { return waiting_.size(); }
  /// What a test waits for, for people.
  std::string WaitsFor(const OpenedTest& test) const;
  /// Takes the test of a challenge out of the line, if it is in it.
  bool Forget(std::uint32_t index);

 private:
  bool IsApart(const OpenedTest& test, std::uint64_t now_ms, std::uint64_t from_ms) const;

  LineBudget& budget_;
  EndpointCalendar& calendar_;
  std::deque<OpenedTest> waiting_;
};

}  // namespace kaisar::checker
