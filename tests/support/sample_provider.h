#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/sha256.h"
#include "base/signing_key.h"
#include "challenges/signed_messages.h"
#include "provider/config.h"

namespace kaisar::provider {

inline Digest Filled(std::uint8_t byte) {
  Digest digest;
  digest.fill(byte);
  return digest;
}

/// Two clocks that stand still until they are set.
class FakeClock : public Clock {
 public:
  std::uint64_t WallMs() const override { return wall_ms; }
  std::uint64_t MonotonicNs() const override { return monotonic_ns; }
  void AdvanceMs(std::uint64_t ms) {
    wall_ms += ms;
    monotonic_ns += ms * 1'000'000;
  }
  std::atomic<std::uint64_t> wall_ms = 1'700'000'000'000;
  std::atomic<std::uint64_t> monotonic_ns = 5'000'000'000;
};

inline constexpr std::uint32_t kDevice = 17;
inline constexpr std::uint64_t kDayMs = 86'400'000;
inline const SigningDomain kDomain{31337, {}};

inline SigningKey KeyOf(std::uint8_t byte) {
  return SigningKey::Parse(Filled(byte)).value();
}

/// A checker slot whose hot key and TLS pin follow from its id.
inline SlotConfig SampleSlot(std::uint8_t id) {
  return {id, KeyOf(id).address(), Filled(static_cast<std::uint8_t>(0x80 + id))};
}

inline constexpr std::uint64_t kStateMemoryBytes = 1 << 20;

inline Limits SampleLimits() {
  Limits limits;
  limits.rate = {60, 600, 60, 4};
  return limits;
}

/// A challenge of `slot` for kDevice that is right in every respect.
inline v1::SignedChallenge SampleChallenge(const Clock& clock, v1::Kind kind, std::uint8_t slot,
                                           std::uint8_t number) {
  v1::SignedChallenge challenge;
  v1::Challenge& body = *challenge.mutable_challenge();
  body.set_challenge_id(ToString(Filled(number)));
  body.set_epoch(7);
  body.set_slot(slot);
  body.set_device(kDevice);
  body.set_kind(kind);
  body.set_seed(ToString(Filled(kind == v1::MATMUL ? 0xab : 0)));
  body.set_expires_at_ms(clock.WallMs() + 60'000);
  if (kind == v1::MATMUL) {
    v1::MatmulParams params;
    params.set_n(256);
    params.set_rounds(2);
    params.set_samples(3);
    challenge.set_params(params.SerializeAsString());
  } else if (kind == v1::BANDWIDTH) {
    body.set_expires_at_ms(clock.WallMs() + 80'000);
    v1::BandwidthParams params;
    params.set_seconds(5);
    params.set_streams(4);
    params.set_down_bits_per_second(11'000'000);
    params.set_up_bits_per_second(22'000'000);
    params.set_open_ms(20'000);
    params.set_start_ms(10'000);
    challenge.set_params(params.SerializeAsString());
  } else {
    v1::LatencyParams params;
    params.set_pings(4);
    params.set_spacing_ms(50);
    challenge.set_params(params.SerializeAsString());
  }
  return challenge;
}

/// Hashes the parameters and signs with the slot's key, after whatever a test has changed.
inline v1::SignedChallenge Signed(v1::SignedChallenge challenge) {
  v1::Challenge& body = *challenge.mutable_challenge();
  body.set_params_hash(ToString(Sha256(ViewOf(challenge.params()))));
  challenges::SignChallenge(KeyOf(static_cast<std::uint8_t>(body.slot())), kDomain, challenge);
  return challenge;
}

inline v1::SignedChallenge SignedSample(const Clock& clock, v1::Kind kind, std::uint8_t slot,
                                        std::uint8_t number) {
  return Signed(SampleChallenge(clock, kind, slot, number));
}

}  // namespace kaisar::provider
