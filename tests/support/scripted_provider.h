#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/eip712.h"
#include "base/keys/tls_key.h"
#include "base/signing_key.h"
#include "kaisar/v1/challenge.pb.h"
#include "kaisar/v1/roster.pb.h"
#include "tests/support/cheats.h"

namespace kaisar::testing {

struct ScriptedOptions {
  std::string listen = "127.0.0.1:0";
  TlsKey tls;  // empty: a new one
  SigningDomain domain;
  std::uint32_t first_device = 1;  // the ids that this provider stands for
  std::uint32_t last_device = 1;
  std::vector<Behaviour> behaviours;  // the first one that covers device and kind
  /// The key of a single device; null: DeviceKey of each id.
  std::shared_ptr<const SigningKey> key;
  int threads = 1;                              // of the matmul engine
  std::optional<v1::SignedChallenge> evidence;  // what shows-stale-evidence shows
  std::string iperf;  // path of kaisar-iperf; empty: the one of this build
};

/// A provider that behaves as told: many devices on one port, each honest or cheating. It answers
/// whoever asks and checks nothing but a challenge's form.
///
/// Threads:  all methods from any thread.
/// Liveness: the server, a timer and a worker end in the destructor, after the round that runs.
class ScriptedProvider {
 public:
  /// Errors: InvalidArgument when the address or the TLS key cannot be used.
  static absl::StatusOr<std::unique_ptr<ScriptedProvider>> Start(ScriptedOptions options);
  virtual ~ScriptedProvider() = default;

  /// host:port that devices are announced under.
  virtual const std::string& endpoint() const = 0;
  /// The pin that the roster has; with other-tls-key it is not that of the key in use.
  virtual const Digest& tls_pin() const = 0;
  /// What the roster says of a device: id, key, pin and endpoint; the rest is for the caller.
  virtual v1::Device RosterEntry(std::uint32_t device) const = 0;
};

}  // namespace kaisar::testing
