#include "tests/support/scripted_device.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/sha256.h"
#include "challenges/signed_messages.h"

namespace kaisar::testing {
namespace {

SigningKey KeyFromName(const std::string& name) {
  absl::StatusOr<SigningKey> key = SigningKey::Parse(Sha256(ViewOf(name)));
  KAISAR_CHECK(key.ok());
  return *std::move(key);
}

/// Another slot's challenge to this device, signed with a key that no roster has.
v1::SignedChallenge ForgeEvidence(const SigningDomain& domain, const v1::SignedChallenge& asked) {
  v1::SignedChallenge forged = asked;
  v1::Challenge& challenge = *forged.mutable_challenge();
  challenge.set_slot(asked.challenge().slot() + 1);
  challenge.set_challenge_id(ToString(Sha256(ViewOf(asked.challenge().challenge_id()))));
  challenges::SignChallenge(KeyFromName("forger"), domain, forged);
  return forged;
}

void FlipFirstBit(std::string& bytes) {
  if (!bytes.empty()) bytes[0] = static_cast<char>(bytes[0] ^ 1);
}

}  // namespace

SigningKey DeviceKey(std::uint32_t device) {
  return KeyFromName(absl::StrCat("device", device));
}

Signature ScriptedCast::Sign(std::uint32_t device, const Digest& digest) const {
  return key != nullptr ? key->Sign(digest) : DeviceKey(device).Sign(digest);
}

std::optional<v1::Refusal> ScriptedCast::RefusalOf(const Behaviour& behaviour,
                                                   const v1::SignedChallenge& asked) {
  v1::Refusal refusal;
  switch (behaviour.cheat) {
    case Cheat::kRefuse:
      refusal.set_message("no");
      return refusal;
    case Cheat::kClaimsBusy:
      refusal.set_message("another challenge is running");
      return refusal;
    case Cheat::kForgedEvidence:
      refusal.set_message("another challenge is running");
      *refusal.mutable_running() = ForgeEvidence(domain, asked);
      return refusal;
    case Cheat::kStaleEvidence: {
      refusal.set_message("another challenge is running");
      MutexLock lock(mutex);
      if (evidence.has_value()) {
        *refusal.mutable_running() = *evidence;
      } else if (first_challenge.has_value()) {
        *refusal.mutable_running() = *first_challenge;
      }
      return refusal;
    }
    default:
      return std::nullopt;
  }
}

v1::MatmulResponse HugeMatmulResponse(std::uint64_t size) {
  v1::MatmulResponse response;
  response.mutable_commitment()->set_roots(std::string(size, '\1'));
  return response;
}

v1::LatencyResponse HugeLatencyResponse(std::uint64_t size) {
  v1::LatencyResponse response;
  response.set_echo(std::string(size, '\1'));
  return response;
}

v1::BandwidthResponse HugeBandwidthResponse(std::uint64_t size) {
  v1::BandwidthResponse response;
  response.mutable_opened()->set_direction(v1::DOWN);
  response.mutable_opened()->set_port(1);
  response.mutable_opened()->set_rsa_public_key(std::string(size, '\1'));
  return response;
}

void LieInOpening(Cheat cheat, v1::MatmulOpeningBody& body) {
  if (body.samples_size() == 0) return;
  const int last = body.samples_size() - 1;
  switch (cheat) {
    case Cheat::kWrongSizeOpening:
      for (v1::SampleOpening& sample : *body.mutable_samples()) {
        if (!sample.segment().empty()) sample.mutable_segment()->pop_back();
      }
      break;
    case Cheat::kEmptyOpening:
      body.clear_samples();
      break;
    case Cheat::kFewerOpenings:
      body.mutable_samples()->RemoveLast();
      break;
    case Cheat::kMoreOpenings:
      *body.add_samples() = v1::SampleOpening(body.samples(0));
      break;
    case Cheat::kSwappedOpenings:
      body.mutable_samples()->SwapElements(0, last);
      break;
    case Cheat::kRepeatedOpenings:
      for (int i = 1; i <= last; ++i) *body.mutable_samples(i) = body.samples(0);
      break;
    case Cheat::kWrongPath:
      for (v1::SampleOpening& sample : *body.mutable_samples()) {
        FlipFirstBit(*sample.mutable_segment_path());
        FlipFirstBit(*sample.mutable_row_path());
      }
      break;
    case Cheat::kWrongElement:
      for (v1::SampleOpening& sample : *body.mutable_samples()) {
        FlipFirstBit(*sample.mutable_segment());
      }
      break;
    default:
      break;
  }
}

}  // namespace kaisar::testing
