#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/eip712.h"
#include "base/mutex.h"
#include "base/process_runner.h"
#include "base/signing_key.h"
#include "kaisar/v1/challenge.pb.h"
#include "kaisar/v1/provider.pb.h"
#include "tests/support/cheats.h"
#include "tests/support/listening_socket.h"
#include "tests/support/scripted_proof.h"
#include "tests/support/task_thread.h"

namespace kaisar::testing {

/// The key of a simulated device: SHA-256("device" || id in decimal). Worth nothing but in tests.
SigningKey DeviceKey(std::uint32_t device);

/// What all streams of one scripted provider share.
struct ScriptedCast {
  SigningDomain domain;
  std::uint32_t first_device = 1;
  std::vector<Behaviour> behaviours;
  /// The key of the only device; null when keys come from DeviceKey.
  std::shared_ptr<const SigningKey> key;
  int threads = 1;
  /// Shown by shows-stale-evidence; without one, the first challenge that came is.
  std::optional<v1::SignedChallenge> evidence;
  std::string iperf;  // path of kaisar-iperf

  TaskThread timer;
  TaskThread worker;  // one proof after the other

  Mutex mutex;
  std::shared_ptr<const ScriptedProof> last_proof ABSL_GUARDED_BY(mutex);
  std::optional<v1::SignedChallenge> first_challenge ABSL_GUARDED_BY(mutex);
  std::vector<ListeningSocket> left_open ABSL_GUARDED_BY(mutex);

  /// Null before the provider starts and once it stops. Calls into it are made under the mutex.
  Mutex process_mutex;
  std::unique_ptr<ProcessRunner> processes ABSL_GUARDED_BY(process_mutex);

  Signature Sign(std::uint32_t device, const Digest& digest) const;
  /// The refusal of a behaviour that refuses; absent when it does not.
  std::optional<v1::Refusal> RefusalOf(const Behaviour& behaviour,
                                       const v1::SignedChallenge& asked);
};

/// The message of huge-message: a commitment, an echo or a public key of that size.
v1::MatmulResponse HugeMatmulResponse(std::uint64_t size);
v1::LatencyResponse HugeLatencyResponse(std::uint64_t size);
v1::BandwidthResponse HugeBandwidthResponse(std::uint64_t size);

/// Changes an honest opening in the way of the cheat.
void LieInOpening(Cheat cheat, v1::MatmulOpeningBody& body);

}  // namespace kaisar::testing
