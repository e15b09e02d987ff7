#include "checker/monitor/chain_watch.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/status_macros.h"
#include "checker/status_command.h"

namespace kaisar::checker {
namespace {

// A read takes about twelve requests, which an endpoint may have a price for, and one of each.
constexpr std::uint64_t kReadsPerEpoch = 360;
constexpr std::uint64_t kShortestMs = 1'000;
constexpr std::uint64_t kLongestMs = 60'000;

}  // namespace

ChainWatch::ChainWatch(const Config& config, const SlotKeys& keys, const Clock& clock, Hooks hooks)
    : config_(config), keys_(keys), clock_(clock), hooks_(std::move(hooks)) {}

absl::StatusOr<std::unique_ptr<ChainWatch>> ChainWatch::Start(const Config& config,
                                                              const SlotKeys& keys,
                                                              const Clock& clock,
                                                              const MeasurePost& measure,
                                                              Hooks hooks) {
  std::unique_ptr<ChainWatch> watch(new ChainWatch(config, keys, clock, std::move(hooks)));
  const chain::HttpPost post =
      measure(chain::CurlPost([&ending = watch->ending_] { return ending.load(); }));
  ASSIGN_OR_RETURN(watch->access_, OpenChain(*config.chain, clock, post));
  const chain::Deployment& deployment = watch->access_->deployment();
  chain::JsonRpcOptions options;
  options.endpoints = config.chain->rpc;
  options.chain_id = deployment.chain_id;
  options.timeout_ms = config.chain->timeout_ms;
  ASSIGN_OR_RETURN(watch->endpoints_, EndpointWatch::Make(options, clock, post));
  const std::uint64_t epoch_ms = deployment.schedule.epoch_seconds * 1000ull;
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
  std::optional<SlotStatus> before;
  while (!ending_) {
    const absl::StatusOr<SlotStatus> status = ReadSlotStatus(
        config_, keys_, access_->contracts(), clock_, before.has_value() ? &*before : nullptr);
    if (ending_) return;  // it was given up
    hooks_.read(status, every_ms_);
    if (status.ok()) {
      Keep(*status);
      before = *status;
    }
    const std::map<std::string, bool> answers = endpoints_->Look();
    if (ending_) return;
    hooks_.asked(answers);
    MutexLock lock(mutex_);
    if (!ending_) changed_.WaitFor(mutex_, std::chrono::milliseconds(every_ms_));
  }
}

}  // namespace kaisar::checker
