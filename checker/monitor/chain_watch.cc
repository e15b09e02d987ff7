#include "checker/monitor/chain_watch.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/status_macros.h"
#include "checker/status_command.h"

namespace kaisar::checker {
namespace {

// A read takes about twelve requests, which an endpoint may have a price for.
constexpr std::uint64_t kReadsPerEpoch = 360;
constexpr std::uint64_t kShortestMs = 1'000;
constexpr std::uint64_t kLongestMs = 60'000;

}  // namespace

ChainWatch::ChainWatch(const Config& config, const SlotKeys& keys, const Clock& clock,
                       OnRead on_read)
    : config_(config), keys_(keys), clock_(clock), on_read_(std::move(on_read)) {}

absl::StatusOr<std::unique_ptr<ChainWatch>> ChainWatch::Start(const Config& config,
                                                              const SlotKeys& keys,
                                                              const Clock& clock,
                                                              const MeasurePost& measure,
                                                              OnRead on_read) {
  std::unique_ptr<ChainWatch> watch(new ChainWatch(config, keys, clock, std::move(on_read)));
  ASSIGN_OR_RETURN(
      watch->access_,
      OpenChain(*config.chain, clock,
                measure(chain::CurlPost([&ending = watch->ending_] { return ending.load(); }))));
  const std::uint64_t epoch_ms = watch->access_->deployment().schedule.epoch_seconds * 1000;
  watch->every_ms_ = std::clamp(epoch_ms / kReadsPerEpoch, kShortestMs, kLongestMs);
  watch->thread_ = std::thread([&watch = *watch] { watch.Work(); });
  pthread_setname_np(watch->thread_.native_handle(), "chain watch");
  return watch;
}

ChainWatch::~ChainWatch() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void ChainWatch::Keep(const SlotStatus& status) const {
  const AgreementCount newest = {status.now_s, status.account.agreed, status.account.disagreed};
  // A full disk is told elsewhere, and is no reason to watch nothing.
  KeepAgreement(config_.data_dir, newest).IgnoreError();
}

void ChainWatch::Work() {
  while (!ending_) {
    const absl::StatusOr<SlotStatus> status =
        ReadSlotStatus(config_, keys_, access_->contracts(), clock_);
    if (ending_) return;  // it was given up
    on_read_(status, every_ms_);
    if (status.ok()) Keep(*status);
    MutexLock lock(mutex_);
    if (!ending_) changed_.WaitFor(mutex_, std::chrono::milliseconds(every_ms_));
  }
}

}  // namespace kaisar::checker
