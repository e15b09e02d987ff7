#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/eip712.h"
#include "base/mutex.h"
#include "kaisar/v1/challenge.pb.h"
#include "provider/config.h"
#include "provider/hooks.h"
#include "provider/rate_limit.h"
#include "provider/refusal.h"
#include "provider/seen_challenges.h"
#include "provider/served_slot.h"

namespace kaisar::provider {

class Admission;

/// The right to run a matmul on a device; ends with the object. Empty for other kinds.
class DeviceLease {
 public:
  DeviceLease() = default;
  DeviceLease(DeviceLease&& other) noexcept;
  DeviceLease& operator=(DeviceLease&& other) noexcept;
  ~DeviceLease() { Release(); }

 private:
  friend class Admission;
  DeviceLease(Admission* admission, std::uint32_t device)
      : admission_(admission), device_(device) {}
  void Release();
  Admission* admission_ = nullptr;
  std::uint32_t device_ = 0;
};

/// Whose a connection is: the holder of a TLS key that one or more served slots have named.
struct Peer {
  Digest tls_pin{};
  std::uint32_t slot = 0;    // the lowest of those slots, for the log
  std::string address = {};  // numeric; empty when it has none
};

/// A challenge that is to be answered.
struct Taken {
  std::uint32_t device = 0;
  Digest challenge_id{};
  Digest challenge_digest{};  // the EIP-712 digest
  DeviceLease lease;
};

/// Taken; or not taken, with the message to send; or not to be answered at all, with the status to
/// end the stream with.
using Decision = std::variant<Taken, v1::Refusal, absl::Status>;

/// The devices that are here, and the most that R·n² of one matmul challenge of each may be.
///
/// Units: bytes.
using AdmittedDevices = std::map<std::uint32_t, std::uint64_t>;

/// Decides which challenges are taken. Looks before anything is allocated for a challenge.
///
/// Threads: all methods from any thread; none blocks. Outlives its leases.
class Admission {
 public:
  /// Serves `slots` always, until Serve says otherwise.
  Admission(const SigningDomain& domain, const std::vector<SlotConfig>& slots,
            const AdmittedDevices& devices, const Limits& limits, const Clock& clock,
            ProviderHooks hooks = {});

  /// From now on serves these and nobody else. What was taken goes on; what a slot has used up of
  /// its rate, and the challenges that it has asked, stay known while they matter.
  void Serve(const std::vector<ServedSlot>& slots);

  /// How many slots are served now.
  std::size_t served_slots() const {
    MutexLock lock(mutex_);
    return served_slots_;
  }

  /// Whose a TLS key is, without an address; null when no served slot has named it.
  std::optional<Peer> FindPeer(const Digest& tls_pin) const;

  /// Decides on a challenge that came over a connection of `peer`.
  ///
  /// Errors (the status): InvalidArgument: malformed, or not of `kind`. PermissionDenied: of a slot
  ///         that is not the peer's, not signed by it, or about what it may not check.
  ///         ResourceExhausted: rate limit, or too many remembered.
  /// Cost:   one signature check, 65 µs.
  Decision Decide(const Peer& peer, v1::Kind kind, const v1::SignedChallenge& challenge);

 private:
  friend class DeviceLease;
  using Served = std::shared_ptr<const ServedSlot>;
  /// What outlives a change of the served slots.
  struct SlotState {
    explicit SlotState(const RateLimitConfig& rate);
    RateLimiter& LimiterOf(v1::Kind kind);
    RateLimiter matmul;
    RateLimiter latency;
    RateLimiter bandwidth;
    SeenChallenges seen;
  };

  /// As Decision, with the reason.
  using Judged = std::variant<Taken, Refused, absl::Status>;

  absl::StatusOr<Served> FindServed(const Peer& peer, v1::Kind kind,
                                    const v1::Challenge& challenge);
  absl::StatusOr<Served> CheckSender(const Peer& peer, v1::Kind kind,
                                     const v1::SignedChallenge& challenge);
  /// Why a challenge that is right is not taken, by its terms.
  std::optional<Refused> RefuseTerms(const ServedSlot& served,
                                     const v1::SignedChallenge& challenge) const;
  Judged Judge(const Peer& peer, v1::Kind kind, const v1::SignedChallenge& challenge);
  Judged Take(const ServedSlot& served, const v1::SignedChallenge& challenge, std::uint64_t now_ms);
  void Release(std::uint32_t device);

  const SigningDomain domain_;
  const AdmittedDevices state_memory_bytes_;
  const Limits limits_;
  const Clock& clock_;
  const ProviderHooks hooks_;
  mutable Mutex mutex_;
  std::size_t served_slots_ ABSL_GUARDED_BY(mutex_) = 0;
  std::multimap<Digest, Served> served_ ABSL_GUARDED_BY(mutex_);       // by TLS pin, then slot
  std::map<std::uint32_t, SlotState> states_ ABSL_GUARDED_BY(mutex_);  // by slot
  // Device to the matmul challenge that it works on; default when it is free.
  std::map<std::uint32_t, std::unique_ptr<v1::SignedChallenge>> devices_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kaisar::provider
