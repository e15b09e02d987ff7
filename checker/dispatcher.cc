#include "checker/dispatcher.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "challenges/roster.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kLongestWaitMs = 1000;  // so that a step of the wall clock is noticed
constexpr std::uint64_t kNsPerMs = 1'000'000;

// Each open challenge has at most three events under way (its commitment, its end, one durable
// record or verdict), and each of them may have started a probe. A device has at most two more: the
// answer that describes it, and the durable record of that.
std::size_t QueueCapacity(const DispatchLimits& limits, const Epoch& epoch) {
  return 64 + std::size_t{limits.most_open} * 4 +
         static_cast<std::size_t>(epoch.roster.devices_size()) * 2;
}

}  // namespace

Dispatcher::Dispatcher(std::shared_ptr<const Epoch> epoch,
                       std::vector<challenges::PlannedChallenge> plan, ResumePoint resume,
                       const DispatchLimits& limits, std::vector<std::string> reference_endpoints,
                       const DispatchServices& services, OnOutcome on_outcome)
    : epoch_(std::move(epoch)),
      plan_(std::move(plan)),
      limits_(limits),
      services_(services),
      on_outcome_(std::move(on_outcome)),
      events_(std::make_shared<EventQueue>(QueueCapacity(limits, *epoch_))),
      reachability_(epoch_->roster, std::move(reference_endpoints), services.prober, services.clock,
                    events_),
      slots_(limits.most_matmul_in_flight),
      budget_(limits.line),
      calendar_(epoch_->roster, plan_),
      test_turns_(limits.most_open),
      tests_(budget_, calendar_),
      hold_up_((kLongestWaitMs + epoch_->policy.slack_ms) * kNsPerMs),
      descriptions_(epoch_, plan_, resume, services, events_,
                    [this](const absl::Status& status) { FailLog(status); }),
      closed_(std::move(resume.closed)),
      issued_before_(std::move(resume.issued)) {
  closed_.resize(plan_.size(), false);
  const auto live =
      std::lower_bound(plan_.begin(), plan_.end(), resume.live_from_ms,
                       [](const auto& planned, std::uint64_t ms) { return planned.due_ms < ms; });
  missed_end_ = live_from_ = due_next_ = static_cast<std::uint32_t>(live - plan_.begin());
  // After a step of the clock back, something may have been issued that is due only now: it counts
  // as missed, for it may have been sent.
  if (!issued_before_.empty()) {
    missed_end_ = std::max(missed_end_, issued_before_.rbegin()->first + 1);
  }
}

Dispatcher::~Dispatcher() {
  events_->Close();
  DropBandwidth();
  for (const auto& [index, open] : open_) {
    if (open->call == nullptr) continue;
    open->call->Cancel();
    open->call.reset();  // its callbacks own `open`
  }
}

std::uint64_t Dispatcher::Poll() {
  hold_up_.Ran(services_.clock.MonotonicNs());
  events_->RunPending();
  if (status_.ok() && stop_at_ns_ == 0) {
    CloseMissed();
    TakeDue();
    ExpireWaiting();
    StartWaiting();
    StartTests();
    EndTestsWithEpoch();
    descriptions_.Ask();
  }
  return NextWakeMs();
}

void Dispatcher::Stop() {
  if (stop_at_ns_ != 0) return;
  stop_at_ns_ = services_.clock.MonotonicNs() + limits_.stop_ms * kNsPerMs;
  // What was not sent stays in the plan; the next run closes it as STOPPED if it is due by then.
  std::vector<std::uint32_t> unsent;
  for (const auto& [index, open] : open_) {
    if (open->state == OpenChallenge::State::kWaiting ||
        open->state == OpenChallenge::State::kIssuing) {
      unsent.push_back(index);
    }
  }
  for (const std::uint32_t index : unsent) open_.erase(index);
  DropBandwidth();
}

bool Dispatcher::finished() const {
  if (!status_.ok()) return true;
  if (stop_at_ns_ != 0) {
    return open_.empty() || services_.clock.MonotonicNs() >= stop_at_ns_;
  }
  return missed_next_ >= missed_end_ && due_next_ >= plan_.size() && open_.empty() &&
         descriptions_.finished();
}

// Closes what an earlier run left open or missed, a batch at a time, so that a long outage neither
// fills the memory nor holds up what is due now.
void Dispatcher::CloseMissed() {
  while (missed_next_ < missed_end_ && services_.log.pending() < limits_.most_log_pending &&
         open_.size() < limits_.most_open / 2) {
    const std::uint32_t index = missed_next_++;
    if (closed_[index]) continue;
    const auto before = issued_before_.find(index);
    if (before == issued_before_.end() && index >= live_from_) continue;
    const Open open = MakeOpen(index);
    if (before != issued_before_.end()) {
      open->issued = std::move(before->second.issued);
      open->has_issued = true;
      if (before->second.commitment.has_value()) {
        open->commitment = *std::move(before->second.commitment);
        open->has_commitment = true;
      }
      closed_[index] = true;  // so that TakeDue passes over it
      issued_before_.erase(before);
    }
    CloseUnsent(open, /*stopped=*/true);
  }
}

void Dispatcher::TakeDue() {
  const std::uint64_t now_ms = services_.clock.WallMs();
  while (due_next_ < plan_.size() && open_.size() < limits_.most_open &&
         epoch_->beacon_ms + plan_[due_next_].due_ms <= now_ms) {
    const std::uint32_t index = due_next_++;
    if (closed_[index] || issued_before_.contains(index)) continue;
    const Open open = MakeOpen(index);
    if (TooLate(*open)) {
      CloseUnsent(open, /*stopped=*/false);
      continue;
    }
    if (open->planned.kind == v1::BANDWIDTH) {
      AwaitTurnOrGiveUp(open);
      continue;
    }
    open->holds_endpoint = true;
    calendar_.Begin(open->planned.device);
    if (open->planned.kind == v1::MATMUL) {
      slots_.Enqueue(index, open->planned.device);
      Await(*open);
    } else {
      Issue(open);
    }
  }
}

void Dispatcher::Await(const OpenChallenge& open) {
  expiring_.push_back(open.index);
  ++waiting_;
}

// A challenge whose turn did not come within the slack was not run, and that is our fault.
void Dispatcher::ExpireWaiting() {
  while (!expiring_.empty()) {
    const auto found = open_.find(expiring_.front());
    if (found != open_.end() && found->second->state == OpenChallenge::State::kWaiting) {
      const Open open = found->second;
      if (!TooLate(*open)) return;
      --waiting_;
      CloseUnsent(open, /*stopped=*/false);
    }
    expiring_.pop_front();
  }
}

void Dispatcher::StartWaiting() {
  const auto issue = [this](std::uint32_t index, Turns& turns, std::uint32_t key) {
    const auto found = open_.find(index);
    if (found == open_.end() || found->second->state != OpenChallenge::State::kWaiting) {
      return turns.Release(key);
    }
    const Open open = found->second;
    open->holds_turn = true;
    --waiting_;
    Issue(open);
  };
  while (const std::optional<std::uint32_t> index = slots_.TakeNext()) {
    issue(*index, slots_, plan_[*index].device);
  }
  while (const std::optional<std::uint32_t> index = test_turns_.TakeNext()) {
    issue(*index, test_turns_, calendar_.EndpointOf(plan_[*index].device));
  }
}

Dispatcher::Open Dispatcher::MakeOpen(std::uint32_t index) {
  auto open = std::make_shared<OpenChallenge>();
  open->index = index;
  open->planned = plan_[index];
  open->device = challenges::FindDevice(epoch_->roster, open->planned.device);
  KAISAR_CHECK(open->device != nullptr);
  open->id = challenges::ChallengeId(epoch_->scope, open->planned);
  v1::ChallengeClosed& closed = open->closed;
  closed.set_challenge_id(ToString(open->id));
  closed.set_device(open->planned.device);
  closed.set_kind(open->planned.kind);
  closed.set_sequence(open->planned.sequence);
  closed.set_due_ms(open->planned.due_ms);
  open_.emplace(index, open);
  return open;
}

bool Dispatcher::TooLate(const OpenChallenge& open) const {
  return services_.clock.WallMs() >
         epoch_->beacon_ms + open.planned.due_ms + epoch_->policy.slack_ms;
}

std::uint64_t Dispatcher::NextWakeMs() const {
  const std::uint64_t now_ms = services_.clock.WallMs();
  std::uint64_t wake_ms = now_ms + kLongestWaitMs;
  if (stop_at_ns_ != 0) {
    const std::uint64_t now_ns = services_.clock.MonotonicNs();
    const std::uint64_t left_ns = stop_at_ns_ > now_ns ? stop_at_ns_ - now_ns : 0;
    return std::min(wake_ms, now_ms + (left_ns + kNsPerMs - 1) / kNsPerMs);
  }
  if (due_next_ < plan_.size() && open_.size() < limits_.most_open) {
    wake_ms = std::min(wake_ms, epoch_->beacon_ms + plan_[due_next_].due_ms);
  }
  if (const OpenedTest* test = tests_.first()) {
    wake_ms = std::min(wake_ms, now_ms + LeftToStartMs(*test));
  }
  if (!expiring_.empty()) {
    wake_ms = std::min(
        wake_ms, epoch_->beacon_ms + plan_[expiring_.front()].due_ms + epoch_->policy.slack_ms + 1);
  }
  return std::max(wake_ms, now_ms);
}

DispatchFigures Dispatcher::figures() const {
  DispatchFigures figures;
  figures.open = open_.size();
  figures.waiting = waiting_;
  figures.matmul_running = slots_.running();
  figures.bandwidth_running = test_turns_.running();
  figures.tests_waiting = tests_.waiting();
  figures.out_bits_per_second = budget_.in_use(v1::DOWN);
  figures.in_bits_per_second = budget_.in_use(v1::UP);
  figures.checks_queued = services_.checks.queued();
  figures.log_pending = services_.log.pending();
  return figures;
}

void Dispatcher::FailLog(const absl::Status& status) {
  if (status_.ok()) status_ = status;
}

}  // namespace kaisar::checker
