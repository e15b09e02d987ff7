#include "tests/unit/checker/dispatch_scene.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "tests/support/iperf_scripts.h"

namespace kaisar::testing {

const std::string& TestPolicyYaml() {
  static const std::string yaml = R"(version: 1
samples: 4
slack_ms: 500
guard_ms: 4000
registration_window_ms: 30000
clock_step_ms: 200
latency: {pings: 4, spacing_ms: 5, deadline_ms: 1000, target_us: 50000, limit_us: 500000}
phases:
  registering:
    latency: {count: 4, weight: 1, least_evidence: 1}
    matmul: {count: 2, weight: 3, least_evidence: 1}
  standby:
    latency: {count: 4, weight: 1, least_evidence: 1}
    matmul: {count: 2, weight: 3, least_evidence: 1}
  in_service:
    latency: {count: 4, weight: 1, least_evidence: 1}
classes:
  cpu: {n: 256, rounds: 2, commitment_deadline_ms: 2000, opening_deadline_ms: 1000}
)";
  return yaml;
}

challenges::Policy TestPolicy() {
  auto policy = challenges::ParsePolicy("policy.yaml", TestPolicyYaml());
  KAISAR_CHECK(policy.ok());
  return *std::move(policy);
}

std::string TestPolicyWithBandwidth() {
  std::string yaml = TestPolicyYaml();
  const std::string standby = "  standby:\n";
  yaml.insert(yaml.find(standby) + standby.size(),
              "    bandwidth: {count: 1, weight: 1, least_evidence: 1}\n");
  return yaml +
         "bandwidth: {seconds: 1, in_service_seconds: 1, streams: 1, open_deadline_ms: 1000,\n"
         "            start_deadline_ms: 8000, counted_bits_per_second: 1000000000}\n";
}

SigningKey TestKey() {
  Digest secret{};
  secret[31] = 7;
  auto key = SigningKey::Parse(secret);
  KAISAR_CHECK(key.ok());
  return *std::move(key);
}

v1::Roster TestRoster(FakeProviderClient& client, std::uint32_t devices,
                      const SigningKey& slot_key) {
  v1::Roster roster;
  roster.set_chain_id(31337);
  roster.set_contract(std::string(20, '\0'));
  for (std::uint32_t id = 1; id <= devices; ++id) {
    client.AddDevice(id);
    v1::Device& device = *roster.add_devices();
    device.set_id(id);
    device.set_owner(std::string(20, static_cast<char>(id)));
    device.set_key(ToString(client.address(id)));
    device.set_tls_pin(std::string(32, static_cast<char>(id)));
    device.set_endpoint(absl::StrCat("10.0.0.", id, ":7000"));
    device.set_device_class("cpu");
    device.set_region("test");
    device.set_phase(v1::STANDBY);
    device.set_ops_per_second(1'000'000'000);
    device.set_down_bits_per_second(1'000'000'000);
    device.set_up_bits_per_second(1'000'000'000);
  }
  v1::Slot& slot = *roster.add_slots();
  slot.set_id(0);
  slot.set_key(ToString(slot_key.address()));
  slot.set_tls_pin(std::string(32, 's'));
  slot.set_anchor(std::string(32, 'a'));
  return roster;
}

challenges::PlannedChallenge Planned(std::uint32_t due_ms, std::uint32_t device, v1::Kind kind,
                                     std::uint32_t sequence) {
  return {due_ms, device, sequence, kind};
}

FakeProcessRunner::Author HonestTests() {
  return ByTask([](const challenges::IperfTask& task) { return TestScript(task); });
}

ProcessScript TestScript(const challenges::IperfTask& task, std::uint32_t percent) {
  ScriptedCounts counts;
  counts.sent_ms = counts.received_ms = task.seconds * 1000;
  counts.sent_bytes = counts.received_bytes =
      task.bits_per_second / 8 * task.seconds * percent / 100;
  counts.link_ms = (task.seconds + 1) * 1000;
  return ClientScript(counts.link_ms + 200,
                      OutcomeLine(challenges::IperfOutcome::State::kCompleted, "", counts));
}

DispatchScene::DispatchScene(std::uint32_t devices) : key_(TestKey()) {
  challenges::EpochScope scope;
  scope.chain_id = 31337;
  scope.epoch = 3;
  scope.epoch_ms = 60'000;
  scope.beacon.fill(0xbe);
  Digest secret;
  secret.fill(0x5e);
  epoch_ = std::make_shared<checker::Epoch>(checker::Epoch{
      scope, kBeaconMs, kBeaconMs + scope.epoch_ms, secret,
      challenges::EpochKey::Derive(secret, scope.beacon, scope.chain_id, scope.slot, scope.epoch),
      TestRoster(client, devices, key_), TestPolicy()});
  epoch_->policy.bandwidth = {/*seconds=*/2,
                              /*in_service_seconds=*/1,
                              /*streams=*/1,
                              /*open_deadline_ms=*/1000,
                              /*start_deadline_ms=*/8000,
                              /*counted_bits_per_second=*/1'000'000'000};
  epoch_->policy.phases[v1::STANDBY][v1::BANDWIDTH] = {1, 1, 1};
  limits.line = {2'000'000'000, 2'000'000'000};
}

void DispatchScene::Begin(std::vector<challenges::PlannedChallenge> plan,
                          checker::ResumePoint resume) {
  dispatcher = std::make_unique<checker::Dispatcher>(
      epoch_, std::move(plan), std::move(resume), limits, reference_endpoints,
      checker::DispatchServices{clock, client, prober, checks_, log, key_, processes, iperf_},
      [this](const checker::Outcome& outcome) {
        outcomes.push_back(outcome.closed);
        if (on_outcome) on_outcome(outcome);
      });
  Settle();
}

void DispatchScene::Settle() {
  do {
    dispatcher->Poll();
  } while (!dispatcher->events().empty());
}

void DispatchScene::RunFor(std::uint64_t ms) {
  const std::uint64_t end_ms = clock.MonotonicNs() / 1'000'000 + ms;
  Settle();
  while (true) {
    const std::uint64_t now_ms = clock.MonotonicNs() / 1'000'000;
    if (now_ms >= end_ms) return;
    // At least a millisecond, so that a wake-up asked for at once cannot stop time.
    const std::uint64_t wake_ms = std::max<std::uint64_t>(dispatcher->Poll() - clock.WallMs(), 1);
    clock.Advance(std::min({wake_ms, clock.NextTimerMs().value_or(wake_ms), end_ms - now_ms}));
    Settle();
  }
}

const v1::ChallengeClosed* DispatchScene::Closed(std::uint32_t device, v1::Kind kind,
                                                 std::uint32_t sequence) const {
  for (const v1::Record& record : log.records()) {
    const v1::ChallengeClosed& closed = record.closed();
    if (record.has_closed() && closed.device() == device && closed.kind() == kind &&
        closed.sequence() == sequence) {
      return &closed;
    }
  }
  return nullptr;
}

}  // namespace kaisar::testing
