#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "challenges/bandwidth/iperf_process.h"
#include "checker/descriptions.h"
#include "checker/dispatch_figures.h"
#include "checker/dispatch_services.h"
#include "checker/endpoint_calendar.h"
#include "checker/epoch.h"
#include "checker/event_queue.h"
#include "checker/hold_up.h"
#include "checker/open_challenge.h"
#include "checker/outcome.h"
#include "checker/reachability_check.h"
#include "checker/resume.h"
#include "checker/test_line.h"
#include "checker/turns.h"

namespace kaisar::checker {

/// Runs the plan of one epoch: due → issued → sent → answered → judged → closed, each step only
/// after the record before it is durable. It owns all of its state and blocks nowhere.
///
/// Threads: one at a time, the thread "dispatch"; what other threads report comes through events().
/// Cost:    besides the plan one bit per challenge, and what is open.
/// Source:  docs/protocol.md, Plan, The challenge log.
class Dispatcher {
 public:
  using OnOutcome = std::function<void(const Outcome&)>;

  /// `plan` is the epoch's; `resume` says what an earlier run left.
  Dispatcher(std::shared_ptr<const Epoch> epoch, std::vector<challenges::PlannedChallenge> plan,
             ResumePoint resume, const DispatchLimits& limits,
             std::vector<std::string> reference_endpoints, const DispatchServices& services,
             OnOutcome on_outcome);
  /// Whatever still comes from calls under way is dropped.
  ~Dispatcher();

  /// Does everything that can be done now.
  ///
  /// Result: Unix time in ms of the next thing that only the clock brings, within a second.
  std::uint64_t Poll();

  /// Where to wait between two Polls.
  EventQueue& events() { return *events_; }

  /// Sends nothing more and ends once what is open is closed, or after `stop_ms`. The log can be
  /// resumed.
  void Stop();

  /// True when there is nothing left to do: the whole plan is closed and all devices are asked to
  /// describe themselves, or it stopped.
  bool finished() const;

  /// Not ok when the log failed: nothing is sent any more.
  const absl::Status& status() const { return status_; }

  std::size_t open() const { return open_.size(); }
  DispatchFigures figures() const;
  std::uint64_t closed_count() const { return closed_count_; }

 private:
  using Open = std::shared_ptr<OpenChallenge>;

  // Due challenges (dispatcher.cc).
  void CloseMissed();
  void TakeDue();
  /// For its turn; it is given up when its slack is over.
  void Await(const OpenChallenge& open);
  void ExpireWaiting();
  void StartWaiting();
  Open MakeOpen(std::uint32_t index);
  bool TooLate(const OpenChallenge& open) const;
  std::uint64_t NextWakeMs() const;
  void FailLog(const absl::Status& status);

  // A challenge on its way out and back (dispatcher_calls.cc).
  void Issue(const Open& open);
  void OnIssued(const Open& open);
  void SendLatency(const Open& open);
  void NoteRtt(const OpenChallenge& open);
  void SendMatmul(const Open& open);
  void OnCommitment(const Open& open, const Instant& at, v1::CommitmentReceived commitment);
  void OnCommitmentDurable(const Open& open);
  void OnEnd(const Open& open, const Instant& at, CallEnd end);
  void ReleaseHolds(OpenChallenge& open);

  // The tests of a bandwidth challenge (dispatcher_bandwidth.cc).
  void AwaitTurnOrGiveUp(const Open& open);
  void SendBandwidth(const Open& open);
  void OnOpened(const Open& open, const Instant& at, BandwidthOpening opening);
  void StartTests();
  void EndTestsWithEpoch();
  void StartTest(const Open& open, const OpenedTest& test);
  void OnTested(const Open& open, const OpenedTest& test, challenges::IperfOutcome outcome);
  void OnBandwidthAnswer(const Open& open, const Instant& at, BandwidthAnswer answer);
  void EndBandwidth(const Open& open, v1::Transport transport, std::string why);
  void DropBandwidth();
  std::uint64_t LeftToStartMs(const OpenedTest& test) const;

  // Its end (dispatcher_close.cc).
  void CloseUnsent(const Open& open, bool stopped);
  void Judge(const Open& open);
  void OnJudged(const Open& open, std::string record);
  void OnClosedDurable(const Open& open);

  /// A callback for another thread: runs `then` on this one, unless the dispatcher is gone.
  absl::AnyInvocable<void(absl::Status)> WhenDurable(const Open& open,
                                                     void (Dispatcher::*then)(const Open&));

  const std::shared_ptr<const Epoch> epoch_;
  const std::vector<challenges::PlannedChallenge> plan_;
  const DispatchLimits limits_;
  const DispatchServices services_;
  const OnOutcome on_outcome_;
  const std::shared_ptr<EventQueue> events_;
  ReachabilityCheck reachability_;
  Turns slots_;  // of matmul, by device
  LineBudget budget_;
  EndpointCalendar calendar_;
  Turns test_turns_;  // of bandwidth, by endpoint
  TestLine tests_;
  HoldUp hold_up_;
  Descriptions descriptions_;
  std::vector<bool> closed_;                             // per challenge of the plan
  std::map<std::uint32_t, IssuedBefore> issued_before_;  // by an earlier run, and not closed
  std::uint32_t missed_next_ = 0;       // in the plan: next to close as STOPPED …
  std::uint32_t missed_end_ = 0;        // … up to here
  std::uint32_t live_from_ = 0;         // in the plan: was not due when this run began
  std::uint32_t due_next_ = 0;          // in the plan
  std::deque<std::uint32_t> expiring_;  // waiting challenges as they fell due
  std::uint64_t waiting_ = 0;           // of those, without a turn yet
  absl::flat_hash_map<std::uint32_t, Open> open_;
  std::uint64_t closed_count_ = 0;
  std::uint64_t stop_at_ns_ = 0;  // monotonic; 0 while running
  absl::Status status_;
};

}  // namespace kaisar::checker
