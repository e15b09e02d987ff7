// A bandwidth challenge on its way: its tests wait for the checker's own connection and for a pause
// at the endpoint, run in a process of their own, and end.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/plan.h"
#include "challenges/signed_messages.h"
#include "checker/dispatcher.h"
#include "checker/own_end.h"

namespace kaisar::checker {
namespace {

using challenges::IperfOutcome;

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr int kTests = 2;  // DOWN, then UP

std::uint64_t RateOf(const v1::BandwidthParams& params, v1::Direction direction) {
  return direction == v1::UP ? params.up_bits_per_second() : params.down_bits_per_second();
}

/// What the device said, beside the tests that it said it of.
void Keep(BandwidthAnswer& answer, v1::BandwidthEvidence& evidence) {
  const int measured = static_cast<int>(answer.measured.size());
  for (int i = 0; i < std::min(measured, evidence.tests_size()); ++i) {
    *evidence.mutable_tests(i)->mutable_measured() =
        std::move(answer.measured[static_cast<std::size_t>(i)]);
  }
  if (answer.transcript.has_value()) *evidence.mutable_transcript() = *std::move(answer.transcript);
}

}  // namespace

// An endpoint has one challenge at a time: a second one would wait there for the first, and be
// refused when that takes long, which is no fault of the device's.
void Dispatcher::AwaitTurnOrGiveUp(const Open& open) {
  Await(*open);
  if (CarriesTestsOf(budget_, *open->device, epoch_->policy.bandwidth)) {
    test_turns_.Enqueue(open->index, calendar_.EndpointOf(open->planned.device));
    return;
  }
  // It never gets a turn, and is given up when its slack is over, like all that was not sent: an
  // auditor takes no other word for it.
  const v1::BandwidthParams params =
      challenges::BandwidthParamsFor(*open->device, epoch_->policy.bandwidth);
  open->closed.set_detail(absl::StrCat("the checker's connection is too slow: tests at ",
                                       params.down_bits_per_second(), " out and ",
                                       params.up_bits_per_second(), " bits/s in, limit ",
                                       budget_.most(v1::DOWN), " and ", budget_.most(v1::UP)));
}

void Dispatcher::SendBandwidth(const Open& open) {
  BandwidthCallSpec spec;
  spec.challenge = open->issued.challenge();
  spec.password = challenges::IperfPassword(epoch_->key, open->id);
  spec.connect_deadline_ms = limits_.connect_deadline_ms;
  spec.open_deadline_ms = epoch_->policy.bandwidth.open_deadline_ms;
  spec.result_deadline_ms = challenges::kTestFinishMs;
  open->bandwidth.call = services_.client.StartBandwidth(
      *open->device, std::move(spec),
      [this, events = events_, clock = &services_.clock, open](BandwidthOpening opening) {
        const Instant at = Instant::Now(*clock);
        events->Push([this, open, at, opening = std::move(opening)]() mutable {
          OnOpened(open, at, std::move(opening));
        });
      },
      [this, events = events_, clock = &services_.clock, open](BandwidthAnswer answer) {
        const Instant at = Instant::Now(*clock);
        events->Push([this, open, at, answer = std::move(answer)]() mutable {
          OnBandwidthAnswer(open, at, std::move(answer));
        });
      });
}

void Dispatcher::OnOpened(const Open& open, const Instant& at, BandwidthOpening opening) {
  reachability_.Heard(open->planned.device, at.monotonic_ns);
  if (open->state != OpenChallenge::State::kRunning) return;
  if (open->ended_by_us != v1::TRANSPORT_UNSPECIFIED) return;
  v1::BandwidthEvidence& evidence = *open->closed.mutable_bandwidth();
  evidence.set_checker_out_bits_per_second(limits_.line.out_bits_per_second);
  evidence.set_checker_in_bits_per_second(limits_.line.in_bits_per_second);
  v1::BandwidthEvidence::Test& test = *evidence.add_tests();
  test.set_direction(opening.opened.direction());
  *test.mutable_opened() = std::move(opening.opened);
  open->bandwidth.address = std::move(opening.address);
  const v1::BandwidthParams params = challenges::BandwidthParamsOf(open->issued.challenge());
  tests_.Enqueue({open->index, open->planned.device, test.direction(),
                  RateOf(params, test.direction()),
                  challenges::kUncountedSeconds + params.seconds(), at.monotonic_ns});
}

std::uint64_t Dispatcher::LeftToStartMs(const OpenedTest& test) const {
  const std::uint64_t waited_ms =
      (services_.clock.MonotonicNs() - test.opened_ns + kNsPerMs - 1) / kNsPerMs;
  const std::uint64_t most_ms = epoch_->policy.bandwidth.start_deadline_ms;
  return waited_ms < most_ms ? most_ms - waited_ms : 0;
}

void Dispatcher::StartTests() {
  const std::uint64_t wall_ms = services_.clock.WallMs();
  const std::uint64_t now_ms = wall_ms > epoch_->beacon_ms ? wall_ms - epoch_->beacon_ms : 0;
  // All that was due before is open, or over, or waits because too much is open.
  const std::uint64_t from_ms =
      due_next_ < plan_.size() ? std::min<std::uint64_t>(now_ms, plan_[due_next_].due_ms) : now_ms;
  while (const std::optional<OpenedTest> test = tests_.TakeNext(now_ms, from_ms)) {
    StartTest(open_.at(test->index), *test);
  }
  while (tests_.first() != nullptr && LeftToStartMs(*tests_.first()) == 0) {
    const OpenedTest test = *tests_.first();
    tests_.Forget(test.index);
    EndBandwidth(open_.at(test.index), v1::ABANDONED,
                 absl::StrCat("waited ", epoch_->policy.bandwidth.start_deadline_ms, " ms for ",
                              tests_.WaitsFor(test)));
  }
}

// Many deadlines may add up, and a report that misses its window costs stake: whatever the policy's
// guard time covers, no test outlives its epoch.
void Dispatcher::EndTestsWithEpoch() {
  if (services_.clock.WallMs() < epoch_->beacon_ms + epoch_->scope.epoch_ms) return;
  std::vector<Open> late;
  for (const auto& [index, open] : open_) {
    if (open->planned.kind == v1::BANDWIDTH && open->state == OpenChallenge::State::kRunning &&
        open->ended_by_us == v1::TRANSPORT_UNSPECIFIED) {
      late.push_back(open);
    }
  }
  for (const Open& open : late) {
    tests_.Forget(open->index);
    EndBandwidth(open, v1::ABANDONED, "the epoch ended before the tests did");
  }
}

void Dispatcher::StartTest(const Open& open, const OpenedTest& test) {
  v1::BandwidthEvidence& evidence = *open->closed.mutable_bandwidth();
  v1::BandwidthEvidence::Test& record = *evidence.mutable_tests(evidence.tests_size() - 1);
  record.set_waited_ms((services_.clock.MonotonicNs() - test.opened_ns) / kNsPerMs);
  const challenges::IperfTask task =
      OwnEndOf(open->issued.challenge(), challenges::IperfPassword(epoch_->key, open->id),
               record.opened(), open->bandwidth.address);
  open->bandwidth.testing = true;
  open->bandwidth.process = challenges::RunIperf(
      services_.processes, services_.iperf, task, [](const challenges::IperfListening&) {},
      [this, events = events_, open, test](IperfOutcome outcome) {
        events->Push([this, open, test, outcome = std::move(outcome)]() mutable {
          OnTested(open, test, std::move(outcome));
        });
      });
}

// Also when the call was over before: the connection is in use until the process has ended.
void Dispatcher::OnTested(const Open& open, const OpenedTest& test, IperfOutcome outcome) {
  tests_.Release(test);
  open->bandwidth.testing = false;
  open->bandwidth.process.reset();
  if (open->state != OpenChallenge::State::kRunning) return;
  if (open->ended_by_us != v1::TRANSPORT_UNSPECIFIED) return;  // why is known
  v1::BandwidthEvidence& evidence = *open->closed.mutable_bandwidth();
  if (outcome.line.size() <= challenges::kMostBandwidthResultBytes) {
    evidence.mutable_tests(evidence.tests_size() - 1)->set_checker_result(std::move(outcome.line));
  } else if (outcome.state == IperfOutcome::State::kCompleted) {
    outcome.state = IperfOutcome::State::kUnable;
    outcome.detail = absl::StrCat("own result is ", outcome.line.size(), " bytes, limit ",
                                  challenges::kMostBandwidthResultBytes);
  }
  // A device that ended the call has said why, unless it was we who never came.
  const bool device_failed =
      open->bandwidth.end.has_value() && open->bandwidth.end->transport != v1::COMPLETED;
  const bool unable = outcome.state == IperfOutcome::State::kUnable;
  if (unable || (outcome.state != IperfOutcome::State::kCompleted && !device_failed)) {
    return EndBandwidth(open, TransportOf(outcome.state), std::move(outcome.detail));
  }
  if (!open->bandwidth.end.has_value()) return open->bandwidth.call->Measured();
  OnEnd(open, Instant::Now(services_.clock), *std::exchange(open->bandwidth.end, std::nullopt));
}

void Dispatcher::OnBandwidthAnswer(const Open& open, const Instant& at, BandwidthAnswer answer) {
  if (open->state != OpenChallenge::State::kRunning) return;
  if (open->closed.has_bandwidth()) Keep(answer, *open->closed.mutable_bandwidth());
  const bool waited = tests_.Forget(open->index);
  const bool completed = answer.end.transport == v1::COMPLETED;
  // Our own end of the test says whether it was our fault.
  if (open->bandwidth.testing && answer.end.transport != v1::VIOLATION &&
      open->ended_by_us == v1::TRANSPORT_UNSPECIFIED) {
    open->bandwidth.end = std::move(answer.end);
    return;
  }
  if (completed && (waited || open->closed.bandwidth().tests_size() != kTests)) {
    answer.end.transport = v1::VIOLATION;
    answer.end.detail = "the device signed the result of a test that had not begun";
  }
  if (open->bandwidth.process != nullptr) open->bandwidth.process->Kill();
  OnEnd(open, at, std::move(answer.end));
}

void Dispatcher::EndBandwidth(const Open& open, v1::Transport transport, std::string why) {
  open->ended_by_us = transport;
  open->why_ended = std::move(why);
  if (open->bandwidth.process != nullptr) open->bandwidth.process->Kill();
  if (open->bandwidth.end.has_value()) {
    return OnEnd(open, Instant::Now(services_.clock),
                 *std::exchange(open->bandwidth.end, std::nullopt));
  }
  open->bandwidth.call->Cancel();
}

// A test cannot be cut short and count: the next run closes these as STOPPED.
void Dispatcher::DropBandwidth() {
  std::vector<Open> dropped;
  for (const auto& [index, open] : open_) {
    if (open->state == OpenChallenge::State::kRunning && open->planned.kind == v1::BANDWIDTH) {
      dropped.push_back(open);
    }
  }
  for (const Open& open : dropped) {
    open->state = OpenChallenge::State::kClosing;
    tests_.Forget(open->index);
    if (open->bandwidth.process != nullptr) open->bandwidth.process->Kill();
    if (open->bandwidth.call != nullptr) open->bandwidth.call->Cancel();
    open->bandwidth.call.reset();  // its callbacks own `open`
    open_.erase(open->index);
  }
}

}  // namespace kaisar::checker
