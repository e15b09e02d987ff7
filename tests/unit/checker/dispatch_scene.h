#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/signing_key.h"
#include "challenges/plan.h"
#include "checker/dispatcher.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_process_runner.h"
#include "tests/support/fake_provider_client.h"
#include "tests/unit/checker/held_log.h"

namespace kaisar::testing {

/// A policy with small matmul challenges (n = 256, 2 rounds), a slack of 500 ms, latency deadline
/// 1 s, commitment 2 s, opening 1 s, clock step 200 ms.
const std::string& TestPolicyYaml();
challenges::Policy TestPolicy();
/// The same, and one bandwidth challenge of a second each way in standby.
std::string TestPolicyWithBandwidth();

/// A slot and `devices` devices (ids from 1, one owner each) with keys of the client's.
v1::Roster TestRoster(FakeProviderClient& client, std::uint32_t devices,
                      const SigningKey& slot_key);
SigningKey TestKey();

/// A challenge of a plan made by hand.
challenges::PlannedChallenge Planned(std::uint32_t due_ms, std::uint32_t device, v1::Kind kind,
                                     std::uint32_t sequence = 0);

/// The checker's ends of tests that go well: each takes its seconds and counts what it was asked
/// for, at the rate that it was asked for.
FakeProcessRunner::Author HonestTests();

/// One of them, or one that counts so much of it.
ProcessScript TestScript(const challenges::IperfTask& task, std::uint32_t percent = 100);

/// One epoch of a dispatcher among fakes, in simulated time. Devices claim 1 Gbit/s both ways, and
/// tests of two seconds each may use 1.6 Gbit/s of the checker's connection.
class DispatchScene {
 public:
  static constexpr std::uint64_t kBeaconMs = 1'800'000'000'000;

  explicit DispatchScene(std::uint32_t devices);

  /// Begins with this plan, ordered by due time.
  void Begin(std::vector<challenges::PlannedChallenge> plan, checker::ResumePoint resume = {});

  /// Lets so much time pass, with everything that happens in it.
  void RunFor(std::uint64_t ms);
  /// Does what can be done without time passing.
  void Settle();

  /// To be changed before Begin only.
  checker::Epoch& epoch() { return *epoch_; }
  /// The closing record of a challenge; null while there is none.
  const v1::ChallengeClosed* Closed(std::uint32_t device, v1::Kind kind,
                                    std::uint32_t sequence = 0) const;

  FakeClock clock{kBeaconMs};
  FakeProviderClient client{clock, SigningDomain{31337, {}}};
  FakeProber prober{clock};
  FakeProcessRunner processes{clock, HonestTests()};
  HeldLog log;
  checker::DispatchLimits limits;
  std::vector<std::string> reference_endpoints = {"192.0.2.1:443"};
  std::vector<v1::ChallengeClosed> outcomes;
  checker::Dispatcher::OnOutcome on_outcome;  // besides `outcomes`
  std::unique_ptr<checker::Dispatcher> dispatcher;

 private:
  SigningKey key_;
  const std::string iperf_ = "/usr/libexec/kaisar-iperf";
  checker::CheckPool checks_{0};
  std::shared_ptr<checker::Epoch> epoch_;
};

}  // namespace kaisar::testing
