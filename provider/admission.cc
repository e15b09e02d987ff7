#include "provider/admission.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "challenges/matmul/samples.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"

namespace kaisar::provider {
namespace {

constexpr std::uint64_t kMostAheadMs = 24 * 3'600'000;
// Of one slot: ten minutes at the highest rate that a config may give.
constexpr std::size_t kMostSeen = 65'536;

v1::Refusal Refuse(std::string message) {
  v1::Refusal refusal;
  refusal.set_message(std::move(message));
  return refusal;
}

}  // namespace

DeviceLease::DeviceLease(DeviceLease&& other) noexcept
    : admission_(std::exchange(other.admission_, nullptr)), device_(other.device_) {}

DeviceLease& DeviceLease::operator=(DeviceLease&& other) noexcept {
  if (this != &other) {
    Release();
    admission_ = std::exchange(other.admission_, nullptr);
    device_ = other.device_;
  }
  return *this;
}

void DeviceLease::Release() {
  if (admission_ != nullptr) std::exchange(admission_, nullptr)->Release(device_);
}

Admission::Admission(const SigningDomain& domain, const std::vector<SlotConfig>& slots,
                     const std::vector<std::uint32_t>& devices, const Limits& limits,
                     const Clock& clock)
    : domain_(domain), limits_(limits), clock_(clock) {
  for (const SlotConfig& slot : slots) {
    slots_.emplace(slot.tls_pin,
                   SlotState{slot, RateLimiter(limits.rate.matmul_per_minute, limits.rate.burst),
                             RateLimiter(limits.rate.latency_per_minute, limits.rate.burst),
                             SeenChallenges(kMostSeen)});
  }
  MutexLock lock(mutex_);
  for (const std::uint32_t device : devices) devices_.emplace(device, nullptr);
}

const SlotConfig* Admission::FindSlot(const Digest& tls_pin) const {
  const auto found = slots_.find(tls_pin);
  return found == slots_.end() ? nullptr : &found->second.config;
}

absl::Status Admission::CheckSender(SlotState& slot, v1::Kind kind,
                                    const v1::SignedChallenge& challenge) {
  {
    // Before the signature: a peer pays for what it makes us look at.
    MutexLock lock(mutex_);
    RateLimiter& limiter = kind == v1::MATMUL ? slot.matmul : slot.latency;
    if (!limiter.Take(clock_.MonotonicNs())) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "slot ", slot.config.id, " asks more often than ",
          kind == v1::MATMUL ? limits_.rate.matmul_per_minute : limits_.rate.latency_per_minute,
          " times a minute, burst ", limits_.rate.burst));
    }
  }
  RETURN_IF_ERROR(challenges::ValidateChallenge(challenge));
  if (challenge.challenge().kind() != kind) {
    return absl::InvalidArgumentError(absl::StrCat(
        "challenge is of kind ", challenge.challenge().kind(), ", this call takes ", kind));
  }
  if (challenge.challenge().slot() != slot.config.id) {
    return absl::PermissionDeniedError(absl::StrCat("challenge is of slot ",
                                                    challenge.challenge().slot(),
                                                    ", the TLS key of slot ", slot.config.id));
  }
  if (!challenges::IsSignedBy(slot.config.address, domain_, challenge)) {
    return absl::PermissionDeniedError(
        absl::StrCat("challenge is not signed by slot ", slot.config.id));
  }
  return absl::OkStatus();
}

Decision Admission::Decide(const SlotConfig& slot, v1::Kind kind,
                           const v1::SignedChallenge& challenge) {
  SlotState& state = slots_.at(slot.tls_pin);
  if (absl::Status status = CheckSender(state, kind, challenge); !status.ok()) return status;
  const std::uint64_t now_ms = clock_.WallMs();
  const std::uint64_t expires_at_ms = challenge.challenge().expires_at_ms();
  if (expires_at_ms <= now_ms) {
    return Refuse(absl::StrCat("challenge expired at ", expires_at_ms, " ms, it is ", now_ms));
  }
  if (expires_at_ms - now_ms > kMostAheadMs) {
    return Refuse(absl::StrCat("challenge expires ", expires_at_ms - now_ms, " ms ahead, limit ",
                               kMostAheadMs));
  }
  if (kind == v1::MATMUL) {
    const v1::MatmulParams params = challenges::MatmulParamsOf(challenge);
    const challenges::MatmulShape shape{params.n(), params.rounds()};
    if (shape.state_bytes() > limits_.state_memory_bytes) {
      return Refuse(absl::StrCat("states take ", shape.state_bytes(), " bytes (n = ", shape.n, ", ",
                                 shape.rounds, " rounds), limit ", limits_.state_memory_bytes));
    }
  }
  return Take(state, challenge, now_ms);
}

Decision Admission::Take(SlotState& slot, const v1::SignedChallenge& challenge,
                         std::uint64_t now_ms) {
  const v1::Challenge& body = challenge.challenge();
  Taken taken;
  taken.device = body.device();
  taken.challenge_id = challenges::ToDigest(body.challenge_id());
  taken.challenge_digest = challenges::ChallengeDigest(domain_, body);

  MutexLock lock(mutex_);
  const auto device = devices_.find(body.device());
  if (device == devices_.end()) {
    return Refuse(absl::StrCat("device ", body.device(), " is not here"));
  }
  slot.seen.Forget(now_ms);
  if (slot.seen.Contains(taken.challenge_id)) return Refuse("challenge was taken before");
  if (slot.seen.full()) {
    return absl::ResourceExhaustedError(absl::StrCat("slot ", slot.config.id, " has ", kMostSeen,
                                                     " challenges that have not expired"));
  }
  if (body.kind() == v1::MATMUL) {
    if (const v1::SignedChallenge* running = device->second.get(); running != nullptr) {
      v1::Refusal refusal = Refuse(absl::StrCat("device ", body.device(), " works on a challenge"));
      // Only another slot's is evidence, and only while it stands.
      if (running->challenge().slot() != body.slot() &&
          running->challenge().expires_at_ms() > now_ms) {
        *refusal.mutable_running() = *running;
      }
      return refusal;
    }
    device->second = std::make_unique<v1::SignedChallenge>(challenge);
    taken.lease = DeviceLease(this, body.device());
  }
  slot.seen.Insert(taken.challenge_id, body.expires_at_ms());
  return taken;
}

void Admission::Release(std::uint32_t device) {
  MutexLock lock(mutex_);
  const auto found = devices_.find(device);
  KAISAR_CHECK(found != devices_.end() && found->second != nullptr);
  found->second.reset();
}

}  // namespace kaisar::provider
