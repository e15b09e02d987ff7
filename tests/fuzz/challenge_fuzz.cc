// A challenge from the network: no bytes may crash the check, and what it accepts can be hashed,
// and asks no more than the protocol allows.

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/signed_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kaisar;  // NOLINT
  v1::SignedChallenge challenge;
  if (!challenge.ParseFromArray(data, static_cast<int>(size))) return 0;
  if (!challenges::ValidateChallenge(challenge).ok()) return 0;
  if (challenge.challenge().kind() == v1::MATMUL) {
    const v1::MatmulParams params = challenges::MatmulParamsOf(challenge);
    KAISAR_CHECK(params.n() >= 256 && params.n() <= 32'768 && (params.n() & (params.n() - 1)) == 0);
    KAISAR_CHECK(params.rounds() >= 1 && params.rounds() <= 4096);
    KAISAR_CHECK(params.samples() >= 1 && params.samples() <= 1024);
  } else if (challenge.challenge().kind() == v1::BANDWIDTH) {
    const v1::BandwidthParams params = challenges::BandwidthParamsOf(challenge);
    KAISAR_CHECK(params.seconds() >= 1 && params.seconds() <= 60);
    KAISAR_CHECK(params.streams() >= 1 && params.streams() <= 16);
    // Two hours to wait, at most, and both tests: far from wrapping around.
    KAISAR_CHECK(challenges::MostBandwidthMs(params) <= 3 * 3'600'000 + 2 * 71'000);
  } else {
    const v1::LatencyParams params = challenges::LatencyParamsOf(challenge);
    KAISAR_CHECK(params.pings() >= 1 && params.pings() <= 1024 && params.spacing_ms() <= 10'000);
  }
  challenges::IsSignedBy(Address{}, SigningDomain{}, challenge);
  return 0;
}
