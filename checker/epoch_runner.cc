#include "checker/epoch_runner.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/directory_lock.h"
#include "base/status_macros.h"
#include "challenges/plan.h"
#include "challenges/policy.h"
#include "checker/log_estimate.h"

namespace kaisar::checker {
namespace {

constexpr std::uint32_t kProtocolVersion = 1;
constexpr std::uint64_t kLongestWaitMs = 1000;  // so that a step of the wall clock is noticed

bool FileExists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

absl::StatusOr<std::vector<challenges::PlannedChallenge>> PlanOf(const Epoch& epoch) {
  return challenges::MakePlan(epoch.key, epoch.scope, epoch.roster, epoch.policy);
}

std::uint64_t SinceBeacon(const Epoch& epoch, const Clock& clock) {
  const std::uint64_t now_ms = clock.WallMs();
  return now_ms > epoch.beacon_ms ? now_ms - epoch.beacon_ms : 0;
}

}  // namespace

EpochRunner::EpochRunner(RunnerSettings settings, const RunnerServices& services, RunnerHooks hooks)
    : settings_(std::move(settings)),
      services_(services),
      grid_(services.registry.grid()),
      hooks_(std::move(hooks)) {
  if (!hooks_.wait) {
    hooks_.wait = [&clock = services_.clock](EventQueue& queue, std::uint64_t wake_ms) {
      const std::uint64_t now_ms = clock.WallMs();
      queue.WaitFor(wake_ms > now_ms ? wake_ms - now_ms : 0);
    };
  }
}

absl::Status EpochRunner::Run() {
  ASSIGN_OR_RETURN(const auto lock, DirectoryLock::Acquire(settings_.data_dir));
  RETURN_IF_ERROR(FinishEarlier());
  while (!stopping() && (settings_.epochs == 0 || reported_ < settings_.epochs)) {
    ASSIGN_OR_RETURN(const std::uint32_t epoch, AwaitEpoch());
    if (stopping()) break;
    const absl::StatusOr<Ending> ending = RunToReport(epoch);
    if (!ending.ok()) {
      RETURN_IF_ERROR(LeaveOut(epoch, ending.status()));
    } else if (*ending == Ending::kStopped) {
      break;
    } else if (*ending == Ending::kNotYet) {
      EventQueue idle(1);
      Wait(idle, services_.clock.WallMs() + kLongestWaitMs);
    } else {
      ++reported_;
    }
  }
  return absl::OkStatus();
}

void EpochRunner::RequestStop() {
  stopping_.store(true);
  MutexLock lock(mutex_);
  if (waiting_on_ != nullptr) waiting_on_->Wake();
}

void EpochRunner::Wait(EventQueue& queue, std::uint64_t wake_ms) {
  hooks_.alive();
  {
    MutexLock lock(mutex_);
    waiting_on_ = &queue;
  }
  // Asked to stop since the caller looked: it should look again first.
  const bool just_asked = stopping() && !std::exchange(stop_seen_, true);
  if (!just_asked) hooks_.wait(queue, wake_ms);
  MutexLock lock(mutex_);
  waiting_on_ = nullptr;
}

// Whatever has a log and no report yet.
absl::Status EpochRunner::FinishEarlier() {
  ASSIGN_OR_RETURN(const std::vector<std::uint32_t> epochs, FindEpochLogs(settings_.data_dir));
  for (const std::uint32_t epoch : epochs) {
    if (stopping()) return absl::OkStatus();
    if (FileExists(EpochReportPath(settings_.data_dir, epoch))) continue;
    const absl::StatusOr<Ending> ending = Finish(epoch);
    if (!ending.ok()) RETURN_IF_ERROR(LeaveOut(epoch, ending.status()));
  }
  return absl::OkStatus();
}

absl::StatusOr<EpochRunner::Ending> EpochRunner::Finish(std::uint32_t epoch) {
  const auto contents = ReadContents(EpochLogPath(settings_.data_dir, epoch));
  if (absl::IsNotFound(contents.status())) return Ending::kNotYet;  // nothing was recorded
  RETURN_IF_ERROR(contents.status());
  if (!contents->complete) {
    // While it runs it is RunEpoch's.
    if (services_.clock.WallMs() < contents->opened.epoch_end_ms()) return Ending::kNotYet;
    hooks_.notice(absl::StrCat("epoch ", epoch, " was left open; closing it"));
    ASSIGN_OR_RETURN(const Ending ending, Resume(epoch, contents->opened));
    if (ending == Ending::kStopped) return ending;
  }
  RETURN_IF_ERROR(Report(epoch));
  return Ending::kComplete;
}

// A report that is missed costs stake, and each one in a row more: one epoch must not cost the
// next.
absl::Status EpochRunner::LeaveOut(std::uint32_t epoch, const absl::Status& why) {
  const std::string path = EpochLogPath(settings_.data_dir, epoch);
  if (!LiesInEpoch(why) || !FileExists(path)) return why;
  left_out_.insert(epoch);
  hooks_.log_unusable(path, absl::StrCat("epoch ", epoch, " is not reported: ", why.message()));
  return absl::OkStatus();
}

absl::StatusOr<std::uint32_t> EpochRunner::AwaitEpoch() {
  ASSIGN_OR_RETURN(const challenges::Policy policy,
                   challenges::ParsePolicy("policy", settings_.policy));
  EventQueue idle(1);
  bool told = false;
  while (!stopping()) {
    const std::uint64_t now_ms = services_.clock.WallMs();
    std::uint64_t begins_ms = grid_.genesis_ms;
    if (now_ms >= grid_.genesis_ms) {
      const std::uint64_t number = (now_ms - grid_.genesis_ms) / grid_.epoch_ms;
      const auto epoch = static_cast<std::uint32_t>(number);
      begins_ms += (number + 1) * grid_.epoch_ms;
      const bool over =
          left_out_.contains(epoch) || FileExists(EpochReportPath(settings_.data_dir, epoch));
      const bool begun = FileExists(EpochLogPath(settings_.data_dir, epoch));
      const bool too_short = begins_ms - now_ms <= policy.guard_ms + policy.slack_ms;
      if (!over && (begun || !too_short)) return epoch;
    }
    if (!told) {
      hooks_.notice(absl::StrCat("the next epoch begins in ", (begins_ms - now_ms) / 1000, " s"));
      told = true;
    }
    Wait(idle, std::min(begins_ms, now_ms + kLongestWaitMs));
  }
  return 0;
}

absl::StatusOr<EpochRunner::Ending> EpochRunner::RunToReport(std::uint32_t epoch) {
  ASSIGN_OR_RETURN(const Ending ending, RunEpoch(epoch));
  if (ending == Ending::kComplete) RETURN_IF_ERROR(Report(epoch));
  return ending;
}

absl::StatusOr<EpochRunner::Ending> EpochRunner::RunEpoch(std::uint32_t epoch) {
  const std::string path = EpochLogPath(settings_.data_dir, epoch);
  const bool begun = FileExists(path);
  if (begun) {
    const auto contents = ReadContents(path);
    if (contents.ok()) return Resume(epoch, contents->opened);
    if (!absl::IsNotFound(contents.status())) return contents.status();
  }
  // Looked at first: an opening takes many requests to the chain.
  if (needs_room_ == epoch && !HasRoom(epoch, needed_bytes_)) return Ending::kNotYet;
  ASSIGN_OR_RETURN(const std::optional<v1::EpochOpened> opened, MakeOpening(epoch));
  if (!opened) return Ending::kNotYet;
  ASSIGN_OR_RETURN(auto facts, EpochFromRecord(*opened, settings_.slot, services_.chain));
  needs_room_ = epoch;
  needed_bytes_ = MostLogBytes(facts->policy, facts->roster);
  if (!HasRoom(epoch, needed_bytes_)) return Ending::kNotYet;
  ASSIGN_OR_RETURN(auto plan, PlanOf(*facts));
  ASSIGN_OR_RETURN(auto log, begun ? hooks_.reopen_log(path) : hooks_.create_log(path));
  v1::Record record;
  *record.mutable_epoch_opened() = *opened;
  RETURN_IF_ERROR(log->AppendAndWait(record.SerializeAsString()));
  // A chain's beacon is older than our knowledge of it: what it is too late for was missed.
  ResumePoint start;
  const std::uint64_t since_ms = SinceBeacon(*facts, services_.clock);
  start.live_from_ms = since_ms - std::min<std::uint64_t>(since_ms, facts->policy.slack_ms);
  return Dispatch(std::move(facts), std::move(plan), std::move(start), std::move(log));
}

absl::StatusOr<EpochRunner::Ending> EpochRunner::Resume(std::uint32_t epoch,
                                                        const v1::EpochOpened& opened) {
  const std::string path = EpochLogPath(settings_.data_dir, epoch);
  ASSIGN_OR_RETURN(auto facts, EpochFromRecord(opened, settings_.slot, services_.chain));
  RETURN_IF_ERROR(CheckSameHashChain(opened, facts->secret));
  ASSIGN_OR_RETURN(auto plan, PlanOf(*facts));
  ASSIGN_OR_RETURN(auto log, hooks_.reopen_log(path));
  ASSIGN_OR_RETURN(ResumePoint resume,
                   FindResumePoint(path, plan, SinceBeacon(*facts, services_.clock)));
  return Dispatch(std::move(facts), std::move(plan), std::move(resume), std::move(log));
}

absl::StatusOr<std::optional<v1::EpochOpened>> EpochRunner::MakeOpening(std::uint32_t epoch) {
  auto begun = services_.registry.Begin(epoch);
  if (absl::IsFailedPrecondition(begun.status())) {
    TellRefusal(epoch, begun.status());
    return std::nullopt;
  }
  RETURN_IF_ERROR(begun.status());
  if (!begun->has_value()) return std::nullopt;
  EpochStart& start = **begun;
  v1::EpochOpened opened;
  opened.set_version(kProtocolVersion);
  opened.set_epoch(epoch);
  opened.set_slot(settings_.slot);
  opened.set_beacon(ToString(start.beacon));
  opened.set_beacon_ms(start.beacon_ms);
  opened.set_epoch_end_ms(grid_.genesis_ms + (std::uint64_t{epoch} + 1) * grid_.epoch_ms);
  *opened.mutable_roster() = std::move(start.roster);
  opened.set_policy(settings_.policy);
  const std::uint64_t left_ms = opened.epoch_end_ms() - opened.beacon_ms();
  if (left_ms < grid_.epoch_ms / 2 && std::exchange(short_told_, epoch) != epoch) {
    hooks_.notice(absl::StrCat("only ", left_ms / 1000, " s of epoch ", epoch,
                               " are left; the whole plan goes into them"));
  }
  return opened;
}

// A log that cannot be written to its end loses the epoch after its devices were challenged.
bool EpochRunner::HasRoom(std::uint32_t epoch, std::uint64_t needed_bytes) {
  const absl::StatusOr<std::uint64_t> free_bytes = hooks_.free_bytes(settings_.data_dir);
  if (!free_bytes.ok() || *free_bytes >= needed_bytes) return true;
  const std::string why = absl::StrCat("its log takes up to ", needed_bytes, " bytes, ",
                                       *free_bytes, " are free in ", settings_.data_dir);
  TellRefusal(epoch, absl::ResourceExhaustedError(why));
  hooks_.no_room(absl::StrCat("epoch ", epoch, " is not begun: ", why));
  return false;
}

void EpochRunner::TellRefusal(std::uint32_t epoch, const absl::Status& why) {
  if (refusal_told_ == epoch) return;
  refusal_told_ = epoch;
  hooks_.notice(absl::StrCat("no part in epoch ", epoch, ": ", why.message()));
}

void EpochRunner::TellTooFast(const Epoch& epoch) {
  const std::uint32_t devices = CountTooFast(settings_.limits.line, epoch.roster, epoch.policy);
  if (devices == 0) return;
  hooks_.notice(absl::StrCat("the bandwidth of ", devices, " of ", epoch.roster.devices_size(),
                             " devices is not measured in epoch ", epoch.scope.epoch,
                             ": their tests are more than 80 % of this machine's connection "
                             "(the config's connection)"));
}

absl::StatusOr<EpochRunner::Ending> EpochRunner::Dispatch(
    std::shared_ptr<const Epoch> epoch, std::vector<challenges::PlannedChallenge> plan,
    ResumePoint resume, std::unique_ptr<audit::LogWriter> log) {
  hooks_.epoch_began(*epoch, plan, resume);
  TellTooFast(*epoch);
  {
    Dispatcher dispatcher(
        epoch, std::move(plan), std::move(resume), settings_.limits, settings_.reference_endpoints,
        DispatchServices{services_.clock, services_.client, services_.prober, services_.checks,
                         *log, services_.key, services_.processes, settings_.iperf},
        hooks_.outcome);
    while (true) {
      if (stopping()) dispatcher.Stop();
      const std::uint64_t wake_ms = dispatcher.Poll();
      hooks_.polled(dispatcher.figures());
      if (dispatcher.finished()) break;
      Wait(dispatcher.events(), wake_ms);
    }
    RETURN_IF_ERROR(dispatcher.status());
  }
  EventQueue idle(1);
  while (!stopping() && services_.clock.WallMs() < epoch->end_ms) {
    Wait(idle, std::min(epoch->end_ms, services_.clock.WallMs() + kLongestWaitMs));
  }
  if (stopping()) return Ending::kStopped;
  RETURN_IF_ERROR(Close(*epoch, *log));
  return Ending::kComplete;
}

absl::Status EpochRunner::Close(const Epoch& epoch, audit::LogWriter& log) {
  v1::Record record;
  record.mutable_epoch_closed()->set_secret(ToString(epoch.secret));
  record.mutable_epoch_closed()->set_closed_ms(services_.clock.WallMs());
  RETURN_IF_ERROR(log.AppendAndWait(record.SerializeAsString()));
  return log.Finish().status();
}

absl::Status EpochRunner::Report(std::uint32_t epoch) {
  ASSIGN_OR_RETURN(const EpochResult result, ReportEpoch(settings_.data_dir, epoch, services_.key,
                                                         services_.signatures, hooks_.make_report));
  hooks_.epoch_reported(result);
  services_.registry.Recheck(epoch, result.beacon);
  return absl::OkStatus();
}

}  // namespace kaisar::checker
