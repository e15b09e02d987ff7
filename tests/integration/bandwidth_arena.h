#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/keys/tls_key.h"
#include "base/process_runner.h"
#include "base/signing_key.h"
#include "challenges/plan.h"
#include "checker/dispatch_services.h"
#include "checker/epoch.h"
#include "kaisar/v1/log.pb.h"
#include "tests/support/scripted_provider.h"

namespace kaisar::testing {

/// What became of one challenge.
struct BandwidthOutcome {
  v1::ChallengeClosed closed;
  std::string explanation;
};

/// A checker around the real dispatcher, client and kaisar-iperf, and devices to meet it: scripted
/// ones, or whatever a test adds.
///
/// Threads: one.
class BandwidthArena {
 public:
  static constexpr std::uint32_t kSeconds = 1;
  static constexpr std::uint32_t kOpenDeadlineMs = 5000;
  static constexpr std::uint32_t kStartDeadlineMs = 8000;
  static constexpr std::uint64_t kClaim = 20'000'000;

  BandwidthArena();
  ~BandwidthArena();

  /// Adds a device, on a provider of its own, that behaves like this (ParseBehaviour).
  ///
  /// Result: the device's id.
  std::uint32_t Add(const std::string& behaviour);
  /// Adds a device whose key, pin and endpoint are of somebody else's making.
  std::uint32_t AddDevice(const v1::Device& entry);
  /// What shows-stale-evidence of devices added from now on shows: slot 1's bandwidth challenge to
  /// the next device, expired or not.
  void UseEvidence(bool expired);
  /// The checker's kaisar-iperf is this program from now on.
  void UseIperf(const std::string& path) { iperf_ = path; }
  /// Put between the dispatcher and the real client; may return `client` itself.
  using Interpose = std::function<checker::ProviderClient&(checker::ProviderClient& client)>;

  /// Challenges each device once, `apart_ms` after the one before, until all verdicts are there;
  /// all devices are also asked latency half-way in between.
  ///
  /// Result: the outcome of each device's bandwidth challenge.
  std::map<std::uint32_t, BandwidthOutcome> Run(
      const std::vector<std::uint32_t>& devices, std::uint32_t apart_ms = 500,
      const Interpose& interpose = [](checker::ProviderClient& client) -> checker::ProviderClient& {
        return client;
      });
  BandwidthOutcome RunOne(const std::string& behaviour);

  /// How the latency challenges of the last Run ended.
  const std::map<std::uint32_t, BandwidthOutcome>& latency() const { return latency_; }

  const SigningKey& slot_key() const { return slot_key_; }
  const TlsKey& slot_tls() const { return tls_; }
  SigningDomain domain() const;
  ProcessRunner& processes() { return *processes_; }

 private:
  std::shared_ptr<const checker::Epoch> MakeEpoch(std::uint64_t beacon_ms) const;
  v1::Device& NewDevice(std::uint32_t id);

  const SigningKey slot_key_;
  const SigningKey other_slot_key_;
  const TlsKey tls_;
  v1::Roster roster_;
  std::string iperf_;
  std::string folder_;
  std::uint32_t runs_ = 0;
  std::optional<v1::SignedChallenge> evidence_;
  std::map<std::uint32_t, BandwidthOutcome> latency_;
  std::vector<std::unique_ptr<ScriptedProvider>> providers_;
  std::unique_ptr<ProcessRunner> processes_;
};

}  // namespace kaisar::testing
