// The end of a challenge: judged on what is logged, logged, and only then counted.
#include <utility>

#include "base/printable.h"
#include "challenges/judge.h"
#include "checker/dispatcher.h"

namespace kaisar::checker {
namespace {

/// Judges and writes down: on a thread of the check pool, which alone has the challenge now.
std::string JudgeAndSerialize(const Epoch& epoch, OpenChallenge& open) {
  challenges::Evidence evidence;
  evidence.issued = open.has_issued ? &open.issued : nullptr;
  evidence.commitment = open.has_commitment ? &open.commitment : nullptr;
  evidence.closed = &open.closed;
  open.judgement = challenges::Judge(epoch.judge_context(), evidence);
  open.closed.set_verdict(open.judgement.verdict);
  open.closed.set_reason(open.judgement.reason);
  if (open.closed.detail().empty()) {
    open.closed.set_detail(Printable(open.judgement.detail, kMostDetailBytes));
  }
  v1::Record record;
  record.mutable_closed()->Swap(&open.closed);
  std::string bytes = record.SerializeAsString();
  open.closed.Swap(record.mutable_closed());
  // The opening is large and has served.
  if (open.closed.has_matmul()) open.closed.mutable_matmul()->clear_opening();
  return bytes;
}

}  // namespace

void Dispatcher::CloseUnsent(const Open& open, bool stopped) {
  open->state = OpenChallenge::State::kClosing;
  ReleaseHolds(*open);
  open->closed.set_transport(v1::NOT_SENT);
  if (!stopped) {
    const std::uint64_t now_ms = services_.clock.WallMs();
    open->closed.set_sent_ms(now_ms > epoch_->beacon_ms ? now_ms - epoch_->beacon_ms : 1);
  }
  Judge(open);
}

void Dispatcher::Judge(const Open& open) {
  services_.checks.Submit([this, events = events_, epoch = epoch_, clock = &services_.clock, open] {
    const std::uint64_t began_ns = clock->MonotonicNs();
    std::string record = JudgeAndSerialize(*epoch, *open);
    open->check_ns = clock->MonotonicNs() - began_ns;
    events->Push(
        [this, open, record = std::move(record)]() mutable { OnJudged(open, std::move(record)); });
  });
}

void Dispatcher::OnJudged(const Open& open, std::string record) {
  if (!status_.ok()) return;
  services_.log.Append(std::move(record), WhenDurable(open, &Dispatcher::OnClosedDurable));
}

void Dispatcher::OnClosedDurable(const Open& open) {
  closed_[open->index] = true;
  ++closed_count_;
  descriptions_.NoteClosed(open->planned);
  const std::string& said = open->judgement.detail;
  on_outcome_(Outcome{open->planned, *open->device, open->closed,
                      open->has_commitment ? &open->commitment : nullptr, said, open->check_ns});
  open_.erase(open->index);
}

absl::AnyInvocable<void(absl::Status)> Dispatcher::WhenDurable(
    const Open& open, void (Dispatcher::*then)(const Open&)) {
  return [this, events = events_, open, then](absl::Status status) {
    events->Push([this, open, then, status = std::move(status)] {
      if (!status.ok()) {
        FailLog(status);
        return;
      }
      (this->*then)(open);
    });
  };
}

}  // namespace kaisar::checker
