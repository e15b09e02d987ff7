#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/eip712.h"
#include "base/mutex.h"
#include "kaisar/v1/challenge.pb.h"
#include "provider/config.h"
#include "provider/rate_limit.h"
#include "provider/seen_challenges.h"

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

/// Decides which challenges are taken. Looks before anything is allocated for a challenge.
///
/// Threads: all methods from any thread; none blocks. Outlives its leases.
class Admission {
 public:
  Admission(const SigningDomain& domain, const std::vector<SlotConfig>& slots,
            const std::vector<std::uint32_t>& devices, const Limits& limits, const Clock& clock);

  /// The slot that a TLS key belongs to; null when the key is not pinned.
  const SlotConfig* FindSlot(const Digest& tls_pin) const;

  /// Decides on a challenge that came over a connection of `slot` (a result of FindSlot).
  ///
  /// Errors (the status): InvalidArgument: malformed, or not of `kind`. PermissionDenied: of
  /// another
  ///         slot, or not signed by this one. ResourceExhausted: rate limit, or too many
  ///         remembered.
  /// Cost:   one signature check, 65 µs.
  Decision Decide(const SlotConfig& slot, v1::Kind kind, const v1::SignedChallenge& challenge);

 private:
  friend class DeviceLease;
  struct SlotState {
    SlotConfig config;
    RateLimiter matmul;
    RateLimiter latency;
    SeenChallenges seen;
  };

  absl::Status CheckSender(SlotState& slot, v1::Kind kind, const v1::SignedChallenge& challenge);
  Decision Take(SlotState& slot, const v1::SignedChallenge& challenge, std::uint64_t now_ms);
  void Release(std::uint32_t device);

  const SigningDomain domain_;
  const Limits limits_;
  const Clock& clock_;
  mutable Mutex mutex_;
  // Keys and configs never change after the constructor; the rest of SlotState is under the mutex.
  std::map<Digest, SlotState> slots_;
  // Device to the matmul challenge that it works on; default when it is free.
  std::map<std::uint32_t, std::unique_ptr<v1::SignedChallenge>> devices_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kaisar::provider
