// A challenge on its way out and back: issued, sent, committed, answered.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "challenges/latency/pings.h"
#include "challenges/matmul/check.h"
#include "challenges/matmul/samples.h"
#include "challenges/signed_messages.h"
#include "checker/dispatcher.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::size_t kMostRefusalBytes = 16 * 1024;

/// The most that an honest answer takes: per sample a row, a segment of at most 1024 bytes, and two
/// paths of at most 20 hashes each (log2 of 32768² / 1024); or all roots. And room for the framing.
std::uint64_t MostAnswerBytes(const challenges::ClassPolicy& params, std::uint32_t samples) {
  const std::uint64_t opening = std::uint64_t{samples} * (params.n + 1024 + 2 * 20 * 32 + 64);
  const std::uint64_t roots = std::uint64_t{params.rounds} * 32;
  return std::max(opening, roots) + 4096;
}

challenges::MatmulShape ShapeOf(const challenges::ClassPolicy& params) {
  return {params.n, params.rounds};
}

bool IsAnswer(v1::Transport transport) {
  return transport == v1::COMPLETED || transport == v1::DECLINED || transport == v1::VIOLATION;
}

/// Keeps a device from filling our log: what decides nothing is cut, and a refusal too large to be
/// one keeps only its size.
void BoundRefusal(v1::Refusal& refusal) {
  const std::size_t size = refusal.ByteSizeLong();
  if (size > kMostRefusalBytes) {
    refusal.Clear();
    refusal.set_message(absl::StrCat("refusal of ", size, " bytes, limit ", kMostRefusalBytes));
  }
}

}  // namespace

void Dispatcher::Issue(const Open& open) {
  open->state = OpenChallenge::State::kIssuing;
  v1::SignedChallenge challenge = challenges::MakeChallenge(
      epoch_->key, epoch_->scope, epoch_->beacon_ms, open->planned, *open->device, epoch_->policy);
  challenges::SignChallenge(services_.key, epoch_->domain(), challenge);
  v1::Record record;
  v1::ChallengeIssued& issued = *record.mutable_issued();
  *issued.mutable_challenge() = std::move(challenge);
  issued.set_sequence(open->planned.sequence);
  issued.set_issued_ms(services_.clock.WallMs());
  services_.log.Append(record.SerializeAsString(), WhenDurable(open, &Dispatcher::OnIssued));
  open->issued = std::move(issued);
  open->has_issued = true;
}

void Dispatcher::OnIssued(const Open& open) {
  if (stop_at_ns_ != 0 || !status_.ok()) return;
  if (TooLate(*open)) {
    CloseUnsent(open, /*stopped=*/false);
    return;
  }
  open->state = OpenChallenge::State::kRunning;
  open->sent = Instant::Now(services_.clock);
  // Zero stands for "not sent".
  open->closed.set_sent_ms(
      open->sent.wall_ms > epoch_->beacon_ms ? open->sent.wall_ms - epoch_->beacon_ms : 1);
  switch (open->planned.kind) {
    case v1::MATMUL:
      return SendMatmul(open);
    case v1::BANDWIDTH:
      return SendBandwidth(open);
    default:
      return SendLatency(open);
  }
}

void Dispatcher::SendLatency(const Open& open) {
  const challenges::LatencyPolicy& policy = epoch_->policy.latency;
  LatencyCallSpec spec;
  spec.challenge = open->issued.challenge();
  spec.nonces = challenges::PingNonces(epoch_->key, open->id, policy.pings);
  spec.spacing_ms = policy.spacing_ms;
  spec.deadline_ms = policy.deadline_ms;
  services_.client.RunLatency(
      *open->device, std::move(spec),
      [this, events = events_, clock = &services_.clock, open](LatencyAnswer answer) {
        const Instant at = Instant::Now(*clock);
        events->Push([this, open, at, answer = std::move(answer)]() mutable {
          *open->closed.mutable_latency() = std::move(answer.evidence);
          NoteRtt(*open);
          OnEnd(open, at, std::move(answer.end));
        });
      });
}

void Dispatcher::NoteRtt(const OpenChallenge& open) {
  const v1::LatencyEvidence& evidence = open.closed.latency();
  if (evidence.echoes_size() == 0) return;
  calendar_.NoteRtt(open.planned.device,
                    challenges::Summarize(evidence, epoch_->policy.latency.pings).median_us);
}

void Dispatcher::SendMatmul(const Open& open) {
  const challenges::ClassPolicy& params = epoch_->policy.classes.at(open->device->device_class());
  MatmulCallSpec spec;
  spec.challenge = open->issued.challenge();
  spec.connect_deadline_ms = limits_.connect_deadline_ms;
  spec.commitment_deadline_ms = params.commitment_deadline_ms;
  spec.opening_deadline_ms = params.opening_deadline_ms;
  spec.grace_ms = limits_.commitment_grace_ms;
  spec.most_answer_bytes = MostAnswerBytes(params, epoch_->policy.samples);
  open->call = services_.client.StartMatmul(
      *open->device, std::move(spec),
      [this, events = events_, clock = &services_.clock, open](v1::CommitmentReceived commitment) {
        const Instant at = Instant::Now(*clock);
        events->Push([this, open, at, commitment = std::move(commitment)]() mutable {
          OnCommitment(open, at, std::move(commitment));
        });
      },
      [this, events = events_, clock = &services_.clock, open](MatmulAnswer answer) {
        const Instant at = Instant::Now(*clock);
        events->Push([this, open, at, answer = std::move(answer)]() mutable {
          *open->closed.mutable_matmul() = std::move(answer.evidence);
          OnEnd(open, at, std::move(answer.end));
        });
      });
}

void Dispatcher::OnCommitment(const Open& open, const Instant& at,
                              v1::CommitmentReceived commitment) {
  reachability_.Heard(open->planned.device, at.monotonic_ns);
  if (!status_.ok()) return;
  open->commitment = std::move(commitment);
  open->commitment.set_challenge_id(ToString(open->id));
  open->has_commitment = true;
  v1::Record record;
  *record.mutable_commitment() = open->commitment;
  services_.log.Append(record.SerializeAsString(),
                       WhenDurable(open, &Dispatcher::OnCommitmentDurable));
}

// Only now the samples are drawn: the device cannot take its commitment back, and neither can we.
void Dispatcher::OnCommitmentDurable(const Open& open) {
  if (open->state != OpenChallenge::State::kRunning) return;  // it ended meanwhile
  const challenges::ClassPolicy& params = epoch_->policy.classes.at(open->device->device_class());
  const challenges::MatmulShape shape = ShapeOf(params);
  const v1::MatmulCommitment& commitment = open->commitment.commitment();
  if (open->commitment.elapsed_ns() > params.commitment_deadline_ms * kNsPerMs) {
    open->ended_by_us = v1::DEADLINE;
  } else if (!challenges::CheckCommitment(shape, commitment).ok()) {
    open->ended_by_us = v1::VIOLATION;
  }
  if (open->ended_by_us != v1::TRANSPORT_UNSPECIFIED) {
    open->call->Cancel();
    return;
  }
  open->call->SendSamples(challenges::DrawSamples(epoch_->key, open->id,
                                                  challenges::ToDigest(commitment.commitment()),
                                                  shape, epoch_->policy.samples));
}

void Dispatcher::OnEnd(const Open& open, const Instant& at, CallEnd end) {
  if (IsAnswer(end.transport)) reachability_.Heard(open->planned.device, at.monotonic_ns);
  if (open->state != OpenChallenge::State::kRunning) return;
  open->state = OpenChallenge::State::kClosing;
  open->call.reset();
  open->bandwidth.call.reset();
  ReleaseHolds(*open);

  v1::ChallengeClosed& closed = open->closed;
  const std::uint64_t elapsed_ms = (at.monotonic_ns - open->sent.monotonic_ns) / kNsPerMs;
  closed.set_elapsed_ms(elapsed_ms);
  closed.set_clock_step_ms(static_cast<std::int64_t>(at.wall_ms - open->sent.wall_ms) -
                           static_cast<std::int64_t>(elapsed_ms));
  const bool by_us = open->ended_by_us != v1::TRANSPORT_UNSPECIFIED;
  closed.set_transport(by_us ? open->ended_by_us : end.transport);
  if (hold_up_.During(open->sent.monotonic_ns, at.monotonic_ns)) {
    closed.set_transport(v1::ABANDONED);
  }
  closed.set_detail(Printable(by_us && !open->why_ended.empty() ? open->why_ended : end.detail,
                              kMostDetailBytes));
  if (closed.transport() == v1::DECLINED) {
    BoundRefusal(end.refusal);
    *closed.mutable_refusal() = std::move(end.refusal);
  }
  const bool unheard = closed.transport() == v1::NO_CONNECTION ||
                       closed.transport() == v1::BROKEN || closed.transport() == v1::DEADLINE;
  if (!unheard) {
    Judge(open);
    return;
  }
  reachability_.Gather(*open->device, open->sent.monotonic_ns, at.monotonic_ns,
                       [this, open](v1::Reachability evidence) {
                         *open->closed.mutable_reachability() = std::move(evidence);
                         Judge(open);
                       });
}

void Dispatcher::ReleaseHolds(OpenChallenge& open) {
  const std::uint32_t device = open.planned.device;
  if (std::exchange(open.holds_turn, false)) {
    if (open.planned.kind == v1::MATMUL) {
      slots_.Release(device);
    } else {
      test_turns_.Release(calendar_.EndpointOf(device));
    }
  }
  if (std::exchange(open.holds_endpoint, false)) calendar_.End(device);
}

}  // namespace kaisar::checker
