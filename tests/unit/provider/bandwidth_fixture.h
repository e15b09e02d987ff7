#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/entropy.h"
#include "kernels/host_engine.h"
#include "provider/bandwidth_session.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_process_runner.h"
#include "tests/support/iperf_scripts.h"
#include "tests/support/sample_provider.h"

namespace kaisar::provider {

/// A stream as its reactor sees it: what was sent, and how it ended.
struct BandwidthTestStream {
  BandwidthTestStream(const Peer& peer, const SessionServices& services)
      : clock(services.clock), session(peer, services, [this](BandwidthNews news) {
          Take(session.OnReply(std::move(news)));
        }) {}

  void Ask(const v1::SignedChallenge& challenge, const std::string& password) {
    v1::BandwidthRequest request;
    *request.mutable_challenge() = challenge;
    request.set_password(password);
    Take(session.OnRequest(request));
  }
  void Sweep() {
    if (!end.has_value() && clock.MonotonicNs() >= session.deadline_ns()) {
      Take(session.OnDeadline());
    }
  }
  void Take(Step<v1::BandwidthResponse> step) {
    if (step.response.has_value()) sent.push_back(*std::move(step.response));
    if (step.end.has_value()) end = std::move(step.end);
  }
  /// What the stream ended with; Unknown while it has not.
  absl::StatusCode EndCode() const {
    return end.has_value() ? end->code() : absl::StatusCode::kUnknown;
  }
  /// The last message's refusal, or why there is none.
  std::string Refused() const {
    if (sent.empty()) return "nothing was sent";
    return sent.back().has_refusal() ? sent.back().refusal().message() : "no refusal";
  }
  bool HasEvidenceOf(const v1::SignedChallenge& challenge) const {
    return !sent.empty() &&
           sent.back().refusal().running().SerializeAsString() == challenge.SerializeAsString();
  }

  const Clock& clock;
  std::vector<v1::BandwidthResponse> sent;
  std::optional<absl::Status> end;
  BandwidthSession session;
};

/// Sessions of a provider with ports 7500 to 7502 and simulated processes; each slot is a peer.
class BandwidthFixture : public ::testing::Test {
 protected:
  using State = challenges::IperfOutcome::State;
  using Stream = std::unique_ptr<BandwidthTestStream>;
  static constexpr std::uint8_t kSlots = 30;
  static constexpr std::uint64_t kTestMs = 6'100;  // of a server that completes

  BandwidthFixture() {
    auto runner = std::make_unique<testing::FakeProcessRunner>(clock_);
    processes_ = runner.get();
    tests_ = std::make_unique<BandwidthTests>(BandwidthConfig{7500, 7502, "/kaisar-iperf"},
                                              std::move(runner), OsEntropy(), clock_);
    services_.bandwidth = tests_.get();
    processes_->SetAuthor(testing::ByTask(Complete));
  }

  static std::vector<SlotConfig> Slots() {
    std::vector<SlotConfig> slots;
    for (std::uint8_t id = 1; id <= kSlots; ++id) slots.push_back(SampleSlot(id));
    return slots;
  }
  static Limits MakeLimits() {
    Limits limits = SampleLimits();
    limits.bandwidth.emplace();
    return limits;
  }

  static std::string ResultLine(const challenges::IperfTask& task) {
    return testing::OutcomeLine(State::kCompleted, "",
                                {.received_bytes = task.bits_per_second, .received_ms = 5'000});
  }
  static testing::ProcessScript Complete(const challenges::IperfTask& task) {
    return testing::ServerScript(task.ports.front(), "key", kTestMs, ResultLine(task));
  }
  /// Ends at once, without having listened.
  static testing::ProcessScript SaysOnly(const std::string& line) {
    testing::ProcessScript script;
    script.lines = {{0, line}};
    script.ends_after_ms = 0;
    return script;
  }

  v1::SignedChallenge Challenge(std::uint8_t slot) const {
    return SignedSample(clock_, v1::BANDWIDTH, slot, slot);
  }
  Stream Open(std::uint8_t slot) {
    return std::make_unique<BandwidthTestStream>(Peer{SampleSlot(slot).tls_pin, slot, "192.0.2.1"},
                                                 services_);
  }
  Stream Ask(std::uint8_t slot) {
    Stream stream = Open(slot);
    stream->Ask(Challenge(slot), std::string(32, 'p'));
    return stream;
  }
  /// Another challenge of a slot.
  Stream AskAgain(std::uint8_t slot, std::uint8_t number) {
    Stream stream = Open(slot);
    stream->Ask(SignedSample(clock_, v1::BANDWIDTH, slot, number), std::string(32, 'p'));
    return stream;
  }
  challenges::IperfTask Task(std::size_t process) const {
    return testing::TaskOf(processes_->Records().at(process).spec);
  }

  testing::FakeClock clock_{1'700'000'000'000};
  const Limits limits_ = MakeLimits();
  Admission admission_{kDomain, Slots(), {{kDevice, kStateMemoryBytes}}, limits_, clock_};
  MatmulWorker worker_{Device{kDevice, "cpu", KeyOf(0x77), kernels::MakePlainEngine()}, kDomain};
  SessionServices services_{admission_,
                            limits_,
                            kDomain,
                            clock_,
                            [this](std::uint32_t) -> MatmulWorker& { return worker_; },
                            nullptr};
  testing::FakeProcessRunner* processes_ = nullptr;
  std::unique_ptr<BandwidthTests> tests_;
};

}  // namespace kaisar::provider
