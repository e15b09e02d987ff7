#include "tests/integration/adversary_arena.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/keys/tls_key.h"
#include "base/sha256.h"
#include "challenges/latency/pings.h"
#include "challenges/matmul/check.h"
#include "challenges/plan.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"
#include "checker/grpc_client.h"
#include "tests/support/scripted_device.h"

namespace kaisar::testing {
namespace {

constexpr std::uint64_t kChainId = 31337;
constexpr std::uint32_t kEpochMs = 3'600'000;
constexpr std::uint64_t kMostAnswerBytes = 1 << 20;

template <typename T>
T Must(absl::StatusOr<T> value) {
  KAISAR_CHECK(value.ok());
  return *std::move(value);
}

SigningKey KeyOf(const char* name) {
  return Must(SigningKey::Parse(Sha256(ViewOf(name))));
}

challenges::Policy MakePolicy() {
  const std::string kinds =
      "{latency: {count: 100, weight: 1, least_evidence: 1},"
      " matmul: {count: 100, weight: 1, least_evidence: 1}}";
  return Must(challenges::ParsePolicy(
      "policy.yaml",
      absl::StrCat("version: 1\nsamples: 64\nslack_ms: 2000\nguard_ms: 1000\n"
                   "registration_window_ms: 10000\nclock_step_ms: 500\n"
                   "latency: {pings: 8, spacing_ms: 5, deadline_ms: ",
                   Arena::kLatencyDeadlineMs, ", target_us: 1000, limit_us: 100000}\n",
                   "phases:\n  registering: ", kinds, "\n  standby: ", kinds, "\n  in_service: ",
                   kinds, "\nclasses:\n  cpu: {n: 256, rounds: 3, commitment_deadline_ms: ",
                   Arena::kCommitmentDeadlineMs,
                   ", opening_deadline_ms: ", Arena::kOpeningDeadlineMs, "}\n")));
}

Digest Fixed(const char* name) {
  return Sha256(ViewOf(name));
}

challenges::MatmulShape ShapeOf(const challenges::Policy& policy) {
  return {.n = policy.classes.at("cpu").n, .rounds = policy.classes.at("cpu").rounds};
}

}  // namespace

/// One challenge under way; lives until its verdict.
class Arena::Call : public std::enable_shared_from_this<Arena::Call> {
 public:
  Call(Arena& arena, const v1::Device& device, v1::Kind kind) : arena_(arena), device_(device) {
    planned_.device = device.id();
    planned_.kind = kind;
    planned_.sequence = arena.sequence_++;
    planned_.due_ms = static_cast<std::uint32_t>(RealClock().WallMs() - arena.beacon_ms_);
  }

  std::future<Outcome> Begin() {
    const SigningDomain domain = challenges::DomainOf(arena_.roster_);
    v1::SignedChallenge challenge = challenges::MakeChallenge(
        arena_.key_, arena_.scope_, arena_.beacon_ms_, planned_, device_, arena_.policy_);
    challenges::SignChallenge(arena_.slot_key_, domain, challenge);
    id_ = challenges::ToDigest(challenge.challenge().challenge_id());
    *outcome_.issued.mutable_challenge() = challenge;
    outcome_.issued.set_sequence(planned_.sequence);
    outcome_.issued.set_issued_ms(RealClock().WallMs());
    v1::ChallengeClosed& closed = outcome_.closed;
    closed.set_challenge_id(ToString(id_));
    closed.set_device(planned_.device);
    closed.set_kind(planned_.kind);
    closed.set_sequence(planned_.sequence);
    closed.set_due_ms(planned_.due_ms);
    closed.set_sent_ms(RealClock().WallMs() - arena_.beacon_ms_);
    std::future<Outcome> future = promise_.get_future();
    planned_.kind == v1::MATMUL ? SendMatmul(challenge) : SendLatency(challenge);
    return future;
  }

 private:
  void SendLatency(const v1::SignedChallenge& challenge) {
    checker::LatencyCallSpec spec;
    spec.challenge = challenge;
    spec.nonces = challenges::PingNonces(arena_.key_, id_, arena_.policy_.latency.pings);
    spec.spacing_ms = arena_.policy_.latency.spacing_ms;
    spec.deadline_ms = arena_.policy_.latency.deadline_ms;
    arena_.client_->RunLatency(device_, std::move(spec),
                               [self = shared_from_this()](checker::LatencyAnswer answer) {
                                 *self->outcome_.closed.mutable_latency() = answer.evidence;
                                 self->OnEnd(std::move(answer.end));
                               });
  }

  void SendMatmul(const v1::SignedChallenge& challenge) {
    checker::MatmulCallSpec spec;
    spec.challenge = challenge;
    spec.connect_deadline_ms = kConnectDeadlineMs;
    spec.commitment_deadline_ms = kCommitmentDeadlineMs;
    spec.opening_deadline_ms = kOpeningDeadlineMs;
    spec.grace_ms = kGraceMs;
    spec.most_answer_bytes = kMostAnswerBytes;
    const auto call = arena_.client_->StartMatmul(
        device_, std::move(spec),
        [self = shared_from_this()](v1::CommitmentReceived commitment) {
          self->outcome_.commitment = std::move(commitment);
          self->committed_.set_value();
        },
        [self = shared_from_this()](checker::MatmulAnswer answer) {
          *self->outcome_.closed.mutable_matmul() = answer.evidence;
          if (!self->outcome_.commitment.has_value()) self->committed_.set_value();
          self->ended_.set_value(std::move(answer.end));
        });
    // As the dispatcher, but with a thread that waits in the place of its queue of events.
    thread_ = std::thread([self = shared_from_this(), call] {
      self->committed_.get_future().wait();
      if (self->outcome_.commitment.has_value()) self->AnswerCommitment(*call);
      checker::CallEnd end = self->ended_.get_future().get();
      if (self->ended_by_us_ != v1::TRANSPORT_UNSPECIFIED) end.transport = self->ended_by_us_;
      self->OnEnd(std::move(end));
    });
    thread_.detach();
  }

  void AnswerCommitment(checker::MatmulCall& call) {
    const v1::MatmulCommitment& commitment = outcome_.commitment->commitment();
    const challenges::MatmulShape shape = ShapeOf(arena_.policy_);
    if (outcome_.commitment->elapsed_ns() > kCommitmentDeadlineMs * std::uint64_t{1'000'000}) {
      ended_by_us_ = v1::DEADLINE;
    } else if (!challenges::CheckCommitment(shape, commitment).ok()) {
      ended_by_us_ = v1::VIOLATION;
    }
    if (ended_by_us_ != v1::TRANSPORT_UNSPECIFIED) return call.Cancel();
    call.SendSamples(challenges::DrawSamples(arena_.key_, id_,
                                             challenges::ToDigest(commitment.commitment()), shape,
                                             arena_.policy_.samples));
  }

  void OnEnd(checker::CallEnd end) {
    v1::ChallengeClosed& closed = outcome_.closed;
    closed.set_elapsed_ms(end.elapsed_ms);
    closed.set_transport(end.transport);
    closed.set_detail(end.detail);
    if (end.transport == v1::DECLINED) *closed.mutable_refusal() = end.refusal;
    if (end.transport == v1::NO_CONNECTION || end.transport == v1::BROKEN ||
        end.transport == v1::DEADLINE) {
      closed.mutable_reachability()->set_devices_heard(1);  // the checker itself is online
    }
    const challenges::JudgeContext context{.key = arena_.key_,
                                           .roster = arena_.roster_,
                                           .policy = arena_.policy_,
                                           .slot = arena_.scope_.slot,
                                           .beacon_ms = arena_.beacon_ms_};
    const challenges::Evidence evidence{
        .issued = &outcome_.issued,
        .commitment = outcome_.commitment.has_value() ? &*outcome_.commitment : nullptr,
        .closed = &closed};
    outcome_.judgement = challenges::Judge(context, evidence);
    promise_.set_value(std::move(outcome_));
  }

  Arena& arena_;
  const v1::Device& device_;
  challenges::PlannedChallenge planned_;
  Digest id_{};
  Outcome outcome_;
  v1::Transport ended_by_us_ = v1::TRANSPORT_UNSPECIFIED;
  std::promise<void> committed_;
  std::promise<checker::CallEnd> ended_;
  std::promise<Outcome> promise_;
  std::thread thread_;
};

Arena::Arena()
    : slot_key_(KeyOf("slot 0")),
      other_slot_key_(KeyOf("slot 1")),
      policy_(MakePolicy()),
      scope_{.chain_id = kChainId,
             .epoch = 7,
             .slot = 0,
             .epoch_ms = kEpochMs,
             .beacon = Fixed("beacon")},
      key_(challenges::EpochKey::Derive(Fixed("secret"), scope_.beacon, kChainId, 0, 7)),
      beacon_ms_(RealClock().WallMs()) {
  const TlsKey tls = Must(MakeTlsKey("slot-0"));
  roster_.set_chain_id(kChainId);
  roster_.set_contract(std::string(20, '\0'));
  for (const SigningKey* key : {&slot_key_, &other_slot_key_}) {
    v1::Slot& slot = *roster_.add_slots();
    slot.set_id(static_cast<std::uint32_t>(roster_.slots_size() - 1));
    slot.set_key(ToString(key->address()));
    slot.set_tls_pin(ToString(Must(TlsPin(tls.certificate_pem))));
    slot.set_anchor(ToString(Fixed("anchor")));
  }
  checker::GrpcClientOptions options;
  options.tls = tls;
  options.connect_timeout_ms = kConnectDeadlineMs;
  client_ = Must(checker::GrpcProviderClient::Make(std::move(options), RealClock()));
}

Arena::~Arena() = default;

v1::Device& Arena::NewDevice(std::uint32_t id) {
  v1::Device& device = *roster_.add_devices();
  device.set_id(id);
  device.set_owner(std::string(20, '\1'));
  device.set_device_class("cpu");
  device.set_region("loopback");
  device.set_phase(v1::STANDBY);
  device.set_ops_per_second(1'000'000);
  device.set_down_bits_per_second(1);
  device.set_up_bits_per_second(1);
  return device;
}

std::uint32_t Arena::Add(const std::string& behaviour) {
  const auto id = static_cast<std::uint32_t>(roster_.devices_size() + 1);
  ScriptedOptions options;
  options.domain = challenges::DomainOf(roster_);
  options.first_device = id;
  options.last_device = id;
  options.behaviours = {Must(ParseBehaviour(behaviour))};
  options.evidence = evidence_;
  providers_.push_back(Must(ScriptedProvider::Start(std::move(options))));
  NewDevice(id).MergeFrom(providers_.back()->RosterEntry(id));
  return id;
}

std::uint32_t Arena::AddBehind(std::uint32_t device) {
  const auto id = static_cast<std::uint32_t>(roster_.devices_size() + 1);
  v1::Device entry = Find(device);
  entry.set_id(id);
  entry.set_key(ToString(DeviceKey(id).address()));
  *roster_.add_devices() = entry;
  return id;
}

void Arena::UseEvidence(bool expired) {
  challenges::EpochScope scope = scope_;
  scope.slot = 1;
  const challenges::PlannedChallenge planned{
      .due_ms = 0,
      .device = static_cast<std::uint32_t>(roster_.devices_size() + 1),
      .sequence = 0,
      .kind = v1::MATMUL};
  v1::Device device;
  device.set_device_class("cpu");
  evidence_ = challenges::MakeChallenge(key_, scope, beacon_ms_, planned, device, policy_);
  const std::uint64_t now_ms = RealClock().WallMs();
  evidence_->mutable_challenge()->set_expires_at_ms(expired ? now_ms - 1000 : now_ms + 3000);
  challenges::SignChallenge(other_slot_key_, challenges::DomainOf(roster_), *evidence_);
}

const v1::Device& Arena::Find(std::uint32_t device) const {
  const v1::Device* found = challenges::FindDevice(roster_, device);
  KAISAR_CHECK(found != nullptr);
  return *found;
}

std::future<Outcome> Arena::Start(std::uint32_t device, v1::Kind kind) {
  return std::make_shared<Call>(*this, Find(device), kind)->Begin();
}

}  // namespace kaisar::testing
