#include "provider/bandwidth_tests.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/signed_messages.h"

namespace kaisar::provider {
namespace {

using challenges::IperfListening;
using challenges::IperfOutcome;
using challenges::IperfTask;

/// For `opened` to reach the checker, beyond what the challenge gives it to come.
constexpr std::uint32_t kOpenedTravelMs = 1'000;

/// How a process ended that did so before RunIperf had returned: whoever started it takes care of
/// that, since the lock is still held then.
struct Launch {
  Mutex mutex;
  bool returned ABSL_GUARDED_BY(mutex) = false;
  std::optional<IperfOutcome> early ABSL_GUARDED_BY(mutex);

  /// False when RunIperf has returned.
  bool Keep(const IperfOutcome& outcome) {
    MutexLock lock(mutex);
    if (!returned) early = outcome;
    return !returned;
  }
  std::optional<IperfOutcome> Return() {
    MutexLock lock(mutex);
    returned = true;
    return early;
  }
};

std::uint32_t SlotOf(const BandwidthJob& job) {
  return job.challenge.challenge().slot();
}

// A slot may be another checker's in another epoch.
bool IsOfOneSlot(const BandwidthJob& a, const BandwidthJob& b) {
  return SlotOf(a) == SlotOf(b) &&
         a.challenge.challenge().epoch() == b.challenge.challenge().epoch();
}

IperfTask TaskOf(const BandwidthJob& job, v1::Direction direction) {
  const v1::BandwidthParams params = challenges::BandwidthParamsOf(job.challenge);
  IperfTask task;
  task.role = IperfTask::Role::kServer;
  task.direction = direction;
  task.user = ToHex(ViewOf(job.challenge.challenge().challenge_id()));
  task.password = job.password;
  task.only_from = job.client_address;
  task.seconds = params.seconds();
  task.streams = params.streams();
  task.bits_per_second =
      direction == v1::DOWN ? params.down_bits_per_second() : params.up_bits_per_second();
  task.start_ms = kOpenedTravelMs + params.start_ms() + challenges::kTestStartMs;
  task.limit_ms = task.start_ms + challenges::MostTestMs(params);
  return task;
}

absl::StatusCode CodeOf(IperfOutcome::State state) {
  switch (state) {
    case IperfOutcome::State::kTimedOut:
      return absl::StatusCode::kDeadlineExceeded;
    case IperfOutcome::State::kDenied:
      return absl::StatusCode::kPermissionDenied;
    case IperfOutcome::State::kUnable:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kAborted;
  }
}

IperfOutcome Unable(std::string detail) {
  IperfOutcome outcome;
  outcome.detail = std::move(detail);
  return outcome;
}

}  // namespace

BandwidthTests::BandwidthTests(const BandwidthConfig& config, std::unique_ptr<ProcessRunner> runner,
                               Entropy& entropy, const Clock& clock)
    : config_(config), entropy_(entropy), clock_(clock), runner_(std::move(runner)) {}

BandwidthTests::~BandwidthTests() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  runner_.reset();
}

std::variant<BandwidthTests::Job, v1::Refusal> BandwidthTests::Add(BandwidthJob job) {
  auto added = std::make_shared<const BandwidthJob>(std::move(job));
  MutexLock lock(mutex_);
  if (!turn_.has_value()) {
    if (const auto failed = StartTest(added, v1::DOWN); failed.has_value()) {
      turn_.reset();
      return Refuse(absl::StrCat("no bandwidth test can be opened: ", failed->detail));
    }
    return added;
  }
  const auto same_slot = [&added](const Job& other) { return IsOfOneSlot(*added, *other); };
  if (std::count_if(waiting_.begin(), waiting_.end(), same_slot) >= kMostWaitingTestsOfSlot) {
    v1::Refusal refusal = Refuse(
        absl::StrCat(kMostWaitingTestsOfSlot, " challenges of slot ", SlotOf(*added),
                     " wait for their bandwidth test already, limit ", kMostWaitingTestsOfSlot));
    // A slot's own challenge excuses nobody.
    if (same_slot(turn_->job)) refusal.clear_running();
    return refusal;
  }
  if (waiting_.size() >= kMostWaitingTests) {
    return Refuse(absl::StrCat(waiting_.size(), " challenges wait for their bandwidth test, limit ",
                               kMostWaitingTests));
  }
  waiting_.push_back(added);
  return added;
}

std::optional<v1::Refusal> BandwidthTests::GiveUp(const Job& job) {
  MutexLock lock(mutex_);
  const auto place = std::find(waiting_.begin(), waiting_.end(), job);
  if (place == waiting_.end()) return std::nullopt;
  waiting_.erase(place);
  return Refuse("other bandwidth tests took too long");
}

void BandwidthTests::Drop(const Job& job) {
  MutexLock lock(mutex_);
  std::erase(waiting_, job);
  if (!turn_.has_value() || turn_->job != job) return;
  turn_->dropped = true;
  turn_->process->Kill();
}

std::optional<IperfOutcome> BandwidthTests::StartTest(Job job, v1::Direction direction) {
  turn_ = Turn{job, direction};
  if (stopping_) return Unable("the provider is shutting down");
  const absl::StatusOr<std::vector<std::uint32_t>> ports = ShuffledPorts();
  if (!ports.ok()) return Unable(std::string(ports.status().message()));
  IperfTask task = TaskOf(*job, direction);
  task.ports = *ports;
  auto launch = std::make_shared<Launch>();
  turn_->process = challenges::RunIperf(
      *runner_, config_.iperf, task,
      [this, job](const IperfListening& listening) { OnListening(job, listening); },
      [this, job, launch](IperfOutcome outcome) {
        if (!launch->Keep(outcome)) OnEnded(job, std::move(outcome));
      });
  return launch->Return();
}

absl::StatusOr<std::vector<std::uint32_t>> BandwidthTests::ShuffledPorts() {
  std::vector<std::uint32_t> ports;
  for (std::uint32_t port = config_.first_port; port <= config_.last_port; ++port) {
    ports.push_back(port);
  }
  // At most 1024 ports: the bias of a remainder of 64 bits is nothing.
  for (std::size_t left = ports.size(); left > 1; --left) {
    std::array<std::uint8_t, 8> bytes{};
    RETURN_IF_ERROR(entropy_.Fill(absl::MakeSpan(bytes)));
    std::swap(ports[left - 1], ports[LoadLittleEndian64(bytes.data()) % left]);
  }
  return ports;
}

void BandwidthTests::OnListening(const Job& job, const IperfListening& listening) {
  v1::BandwidthOpened opened;
  {
    MutexLock lock(mutex_);
    if (turn_->dropped) return;
    turn_->opened = true;
    opened.set_direction(turn_->direction);
  }
  opened.set_port(listening.port);
  opened.set_rsa_public_key(listening.rsa_public_key);
  job->reply(std::move(opened));
}

void BandwidthTests::OnEnded(const Job& job, IperfOutcome outcome) {
  Letters letters;
  {
    MutexLock lock(mutex_);
    const Turn turn = *turn_;
    bool ended = true;
    if (outcome.state == IperfOutcome::State::kCompleted &&
        (!turn.opened || outcome.line.size() > challenges::kMostBandwidthResultBytes)) {
      outcome = Unable(turn.opened ? "the result is too long" : "a result before it listened");
    }
    if (turn.dropped) {
      // Nobody waits for it.
    } else if (outcome.state != IperfOutcome::State::kCompleted) {
      letters.emplace_back(job, Failed(turn.direction, turn.opened, outcome));
    } else {
      v1::BandwidthMeasured measured;
      measured.set_direction(turn.direction);
      measured.set_result(std::move(outcome.line));
      letters.emplace_back(job, std::move(measured));
      if (turn.direction == v1::UP) {
        letters.emplace_back(job, BandwidthTested{});
      } else if (const auto failed = StartTest(job, v1::UP); failed.has_value()) {
        letters.emplace_back(job, Failed(v1::UP, false, *failed));
      } else {
        ended = false;
      }
    }
    if (ended) Next(letters);
  }
  for (auto& [to, news] : letters) to->reply(std::move(news));
}

void BandwidthTests::Next(Letters& letters) {
  turn_.reset();
  while (!waiting_.empty()) {
    const Job job = std::move(waiting_.front());
    waiting_.pop_front();
    const auto failed = StartTest(job, v1::DOWN);
    if (!failed.has_value()) return;
    turn_.reset();
    letters.emplace_back(job, Failed(v1::DOWN, false, *failed));
  }
}

v1::Refusal BandwidthTests::Refuse(std::string message) const {
  v1::Refusal refusal;
  refusal.set_message(std::move(message));
  // Evidence, while it stands.
  if (turn_.has_value() && turn_->job->challenge.challenge().expires_at_ms() > clock_.WallMs()) {
    *refusal.mutable_running() = turn_->job->challenge;
  }
  return refusal;
}

BandwidthNews BandwidthTests::Failed(v1::Direction direction, bool opened,
                                     const IperfOutcome& outcome) const {
  if (direction == v1::DOWN && !opened && outcome.state == IperfOutcome::State::kUnable) {
    v1::Refusal refusal;
    refusal.set_message(absl::StrCat("no bandwidth test can be opened: ", outcome.detail));
    return refusal;
  }
  return absl::Status(CodeOf(outcome.state),
                      absl::StrCat("test ", direction == v1::DOWN ? "down" : "up", " ",
                                   challenges::NameOf(outcome.state), ": ", outcome.detail));
}

}  // namespace kaisar::provider
