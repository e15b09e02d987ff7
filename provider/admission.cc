#include "provider/admission.h"

#include <algorithm>
#include <set>
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

std::uint32_t PerMinute(const RateLimitConfig& rate, v1::Kind kind) {
  switch (kind) {
    case v1::LATENCY:
      return rate.latency_per_minute;
    case v1::BANDWIDTH:
      return rate.bandwidth_per_minute;
    default:
      return rate.matmul_per_minute;
  }
}

/// Null when the challenge's tests are within the limits.
std::optional<Refused> RefuseTests(const std::optional<BandwidthLimits>& limits, bool in_service,
                                   const v1::SignedChallenge& challenge) {
  constexpr absl::string_view kReason = "tests_not_taken";
  if (!limits.has_value()) return Refuse(kReason, "takes no bandwidth tests: no ports configured");
  const v1::BandwidthParams params = challenges::BandwidthParamsOf(challenge);
  const std::uint64_t sent = std::max(params.down_bits_per_second(), params.up_bits_per_second());
  if (limits->most_bits_per_second != 0 && sent > limits->most_bits_per_second) {
    return Refuse(kReason, absl::StrCat("tests are sent at ", sent, " bits per second, limit ",
                                        limits->most_bits_per_second));
  }
  const std::uint32_t device = challenge.challenge().device();
  if (in_service && limits->refuse_in_service) {
    return Refuse(kReason,
                  absl::StrCat("device ", device, " is in service and takes no bandwidth tests"));
  }
  if (in_service && params.seconds() > limits->in_service_seconds) {
    return Refuse(kReason,
                  absl::StrCat("device ", device, " is in service: tests take ", params.seconds(),
                               " seconds, limit ", limits->in_service_seconds));
  }
  return std::nullopt;
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

Admission::SlotState::SlotState(const RateLimitConfig& rate)
    : matmul(rate.matmul_per_minute, rate.burst),
      latency(rate.latency_per_minute, rate.burst),
      bandwidth(rate.bandwidth_per_minute, rate.burst),
      seen(kMostSeen) {}

RateLimiter& Admission::SlotState::LimiterOf(v1::Kind kind) {
  switch (kind) {
    case v1::LATENCY:
      return latency;
    case v1::BANDWIDTH:
      return bandwidth;
    default:
      return matmul;
  }
}

Admission::Admission(const SigningDomain& domain, const std::vector<SlotConfig>& slots,
                     const AdmittedDevices& devices, const Limits& limits, const Clock& clock,
                     ProviderHooks hooks)
    : domain_(domain),
      state_memory_bytes_(devices),
      limits_(limits),
      clock_(clock),
      hooks_(std::move(hooks)) {
  {
    MutexLock lock(mutex_);
    for (const auto& [device, state_memory_bytes] : devices) devices_.emplace(device, nullptr);
  }
  Serve(ServeAlways(slots));
}

void Admission::Serve(const std::vector<ServedSlot>& slots) {
  std::map<std::pair<Digest, std::uint32_t>, std::vector<Served>> sorted;
  for (const ServedSlot& slot : slots) {
    sorted[{slot.slot.tls_pin, slot.slot.id}].push_back(std::make_shared<ServedSlot>(slot));
  }
  const std::uint64_t now_ms = clock_.WallMs();

  MutexLock lock(mutex_);
  served_.clear();
  std::set<std::uint32_t> ids;
  for (const auto& [key, entries] : sorted) {
    for (const Served& served : entries) served_.emplace(key.first, served);
    states_.try_emplace(key.second, limits_.rate);
    ids.insert(key.second);
  }
  served_slots_ = ids.size();
  // A slot that comes back before its challenges have expired must not find them forgotten.
  for (auto state = states_.begin(); state != states_.end();) {
    state->second.seen.Forget(now_ms);
    const bool kept = ids.contains(state->first) || !state->second.seen.empty();
    state = kept ? std::next(state) : states_.erase(state);
  }
}

std::optional<Peer> Admission::FindPeer(const Digest& tls_pin) const {
  MutexLock lock(mutex_);
  const auto found = served_.find(tls_pin);  // the first of equal keys
  if (found == served_.end()) return std::nullopt;
  return Peer{tls_pin, found->second->slot.id};
}

absl::StatusOr<Admission::Served> Admission::FindServed(const Peer& peer, v1::Kind kind,
                                                        const v1::Challenge& challenge) {
  MutexLock lock(mutex_);
  const auto [begin, end] = served_.equal_range(peer.tls_pin);
  if (begin == end) {
    return absl::PermissionDeniedError(
        absl::StrCat("slot ", peer.slot, " may not check this provider any more"));
  }
  bool of_peer = false;
  Served served;
  for (auto entry = begin; entry != end; ++entry) {
    if (entry->second->slot.id != challenge.slot()) continue;
    of_peer = true;
    const std::optional<std::uint32_t>& epoch = entry->second->epoch;
    if (!epoch.has_value() || *epoch == challenge.epoch()) served = entry->second;
  }
  // Whoever holds the key pays for what it makes us look at; nobody else's slot does.
  const std::uint32_t payer = of_peer ? challenge.slot() : begin->second->slot.id;
  if (!states_.at(payer).LimiterOf(kind).Take(clock_.MonotonicNs())) {
    return absl::ResourceExhaustedError(
        absl::StrCat("slot ", payer, " asks more often than ", PerMinute(limits_.rate, kind),
                     " times a minute, burst ", limits_.rate.burst));
  }
  if (!of_peer) {
    return absl::PermissionDeniedError(
        absl::StrCat("challenge is of slot ", challenge.slot(), ", the TLS key of slot ", payer));
  }
  if (served == nullptr) {
    return absl::PermissionDeniedError(absl::StrCat(
        "slot ", challenge.slot(), " does not check this provider in epoch ", challenge.epoch()));
  }
  return served;
}

absl::StatusOr<Admission::Served> Admission::CheckSender(const Peer& peer, v1::Kind kind,
                                                         const v1::SignedChallenge& challenge) {
  absl::StatusOr<Served> served = FindServed(peer, kind, challenge.challenge());
  if (absl::IsResourceExhausted(served.status())) return served;
  RETURN_IF_ERROR(challenges::ValidateChallenge(challenge));
  if (challenge.challenge().kind() != kind) {
    return absl::InvalidArgumentError(absl::StrCat(
        "challenge is of kind ", challenge.challenge().kind(), ", this call takes ", kind));
  }
  if (!served.ok()) return served;
  if (!challenges::IsSignedBy((*served)->slot.address, domain_, challenge)) {
    return absl::PermissionDeniedError(
        absl::StrCat("challenge is not signed by slot ", (*served)->slot.id));
  }
  return served;
}

Decision Admission::Decide(const Peer& peer, v1::Kind kind, const v1::SignedChallenge& challenge) {
  Judged judged = Judge(peer, kind, challenge);
  if (Taken* taken = std::get_if<Taken>(&judged)) {
    hooks_.taken(kind);
    return std::move(*taken);
  }
  if (Refused* refused = std::get_if<Refused>(&judged)) {
    hooks_.refused(kind, refused->reason);
    return std::move(refused->message);
  }
  const absl::Status& status = std::get<absl::Status>(judged);
  hooks_.refused(kind, ReasonOf(status));
  return status;
}

Admission::Judged Admission::Judge(const Peer& peer, v1::Kind kind,
                                   const v1::SignedChallenge& challenge) {
  const absl::StatusOr<Served> served = CheckSender(peer, kind, challenge);
  if (!served.ok()) return served.status();
  const std::uint64_t now_ms = clock_.WallMs();
  const std::uint64_t expires_at_ms = challenge.challenge().expires_at_ms();
  if (expires_at_ms <= now_ms) {
    return Refuse("expired",
                  absl::StrCat("challenge expired at ", expires_at_ms, " ms, it is ", now_ms));
  }
  if (expires_at_ms - now_ms > kMostAheadMs) {
    return Refuse("too_far_ahead", absl::StrCat("challenge expires ", expires_at_ms - now_ms,
                                                " ms ahead, limit ", kMostAheadMs));
  }
  if (std::optional<Refused> refused = RefuseTerms(**served, challenge); refused.has_value()) {
    return *std::move(refused);
  }
  return Take(**served, challenge, now_ms);
}

std::optional<Refused> Admission::RefuseTerms(const ServedSlot& served,
                                              const v1::SignedChallenge& challenge) const {
  switch (challenge.challenge().kind()) {
    case v1::BANDWIDTH:
      return RefuseTests(limits_.bandwidth,
                         served.in_service.contains(challenge.challenge().device()), challenge);
    case v1::MATMUL:
      break;
    default:
      return std::nullopt;
  }
  const v1::MatmulParams params = challenges::MatmulParamsOf(challenge);
  const challenges::MatmulShape shape{params.n(), params.rounds()};
  const auto limit = state_memory_bytes_.find(challenge.challenge().device());
  if (limit == state_memory_bytes_.end()) return std::nullopt;  // Take says that it is not here
  if (shape.state_bytes() <= limit->second) return std::nullopt;
  return Refuse("too_large",
                absl::StrCat("states take ", shape.state_bytes(), " bytes (n = ", shape.n, ", ",
                             shape.rounds, " rounds), limit ", limit->second));
}

Admission::Judged Admission::Take(const ServedSlot& served, const v1::SignedChallenge& challenge,
                                  std::uint64_t now_ms) {
  const v1::Challenge& body = challenge.challenge();
  Taken taken;
  taken.device = body.device();
  taken.challenge_id = challenges::ToDigest(body.challenge_id());
  taken.challenge_digest = challenges::ChallengeDigest(domain_, body);

  MutexLock lock(mutex_);
  const auto device = devices_.find(body.device());
  if (device == devices_.end()) {
    return Refuse("device_not_here", absl::StrCat("device ", body.device(), " is not here"));
  }
  if (served.devices.has_value() && !served.devices->contains(body.device())) {
    return absl::PermissionDeniedError(absl::StrCat("slot ", body.slot(),
                                                    " is not in the committee of device ",
                                                    body.device(), " in epoch ", body.epoch()));
  }
  const auto state = states_.find(body.slot());
  if (state == states_.end()) {
    return absl::PermissionDeniedError(
        absl::StrCat("slot ", body.slot(), " may not check this provider any more"));
  }
  SeenChallenges& seen = state->second.seen;
  seen.Forget(now_ms);
  if (seen.Contains(taken.challenge_id))
    return Refuse("taken_before", "challenge was taken before");
  if (seen.full()) {
    return absl::ResourceExhaustedError(absl::StrCat("slot ", body.slot(), " has ", kMostSeen,
                                                     " challenges that have not expired"));
  }
  if (body.kind() == v1::MATMUL) {
    if (const v1::SignedChallenge* running = device->second.get(); running != nullptr) {
      Refused refused =
          Refuse("busy", absl::StrCat("device ", body.device(), " works on a challenge"));
      // Only another slot's is evidence, and only while it stands.
      if (running->challenge().slot() != body.slot() &&
          running->challenge().expires_at_ms() > now_ms) {
        *refused.message.mutable_running() = *running;
      }
      return refused;
    }
    device->second = std::make_unique<v1::SignedChallenge>(challenge);
    taken.lease = DeviceLease(this, body.device());
  }
  seen.Insert(taken.challenge_id, body.expires_at_ms());
  return taken;
}

void Admission::Release(std::uint32_t device) {
  MutexLock lock(mutex_);
  const auto found = devices_.find(device);
  KAISAR_CHECK(found != devices_.end() && found->second != nullptr);
  found->second.reset();
}

}  // namespace kaisar::provider
