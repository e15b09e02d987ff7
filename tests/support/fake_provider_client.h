#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/eip712.h"
#include "base/signing_key.h"
#include "checker/provider_client.h"
#include "checker/reachability.h"
#include "tests/support/fake_clock.h"

namespace kaisar::testing {

/// How a fake device behaves. The default is honest and quick.
struct FakeBehaviour {
  bool reachable = true;
  bool silent = false;  // accepts and never answers
  bool declines = false;
  bool mute_after_commitment = false;
  bool forges_signatures = false;  // signs with a key that is not the device's
  bool short_roots = false;        // commits to fewer roots than rounds
  bool changes_opening = false;    // flips a bit in the opened row
  std::uint32_t rtt_us = 1000;
  std::uint32_t latency_ms = 40;  // of a whole latency call
  std::uint32_t compute_ms = 20;  // until the commitment
  std::uint32_t opening_ms = 5;

  // Bandwidth. The tests themselves are what a FakeProcessRunner's author says.
  std::uint32_t opens_ms = 30;    // until it listens; beyond the deadline: never
  bool opens_down_only = false;   // ends the stream in place of the second opening
  bool breaks_in_test = false;    // ends the stream as soon as it has opened
  bool reports_first = false;     // its end is over before the checker's
  bool reports_untested = false;  // all results and the transcript, before any test
  std::uint32_t result_ms = 20;   // from the checker's end of a test to the device's result
  bool silent_after_test = false;
  std::uint32_t reports_percent = 100;               // of what it received
  std::uint64_t received_bytes = 125'000'000;        // in the counted time of a test
  std::optional<v1::SignedChallenge> shows_running;  // refuses with this
  // What it says of itself. Honest: every device of the client, each said by the one that was
  // asked.
  std::optional<std::string> response;  // in the place of that, as bytes
  std::uint32_t describe_ms = 5;        // beyond the deadline: never
};

/// What a fake device was sent.
struct FakeSent {
  std::uint32_t device = 0;
  v1::Kind kind = v1::KIND_UNSPECIFIED;
  std::string challenge_id;
  std::uint64_t wall_ms = 0;
  bool samples = false;  // the samples, not the challenge
};

/// When a fake device was asked what it says of itself.
struct FakeAsked {
  std::uint32_t device = 0;
  std::uint64_t wall_ms = 0;
  std::uint32_t deadline_ms = 0;
};

/// Devices in simulated time, with real keys and real proofs: ProviderClient without a network. It
/// keeps the deadlines that the real client keeps.
///
/// Threads: one; callbacks come from FakeClock::Advance.
class FakeProviderClient final : public checker::ProviderClient {
 public:
  FakeProviderClient(FakeClock& clock, const SigningDomain& domain)
      : clock_(clock), domain_(domain) {}

  /// Adds a device; its key follows from the id.
  void AddDevice(std::uint32_t id, FakeBehaviour behaviour = {});
  FakeBehaviour& behaviour(std::uint32_t id) { return devices_.at(id).behaviour; }
  /// The address to put into the roster.
  const Address& address(std::uint32_t id) const { return devices_.at(id).key.address(); }

  const std::vector<FakeSent>& sent() const { return sent_; }
  const std::vector<FakeAsked>& asked() const { return asked_; }
  std::uint32_t most_matmul_at_once() const { return most_matmul_; }
  std::uint32_t most_matmul_of(std::uint32_t id) const { return devices_.at(id).most_matmul; }
  /// Called whenever something is sent, before anything else.
  std::function<void(const FakeSent&)> on_sent;

  void RunLatency(const v1::Device& device, checker::LatencyCallSpec spec,
                  absl::AnyInvocable<void(checker::LatencyAnswer)> done) override;
  std::shared_ptr<checker::MatmulCall> StartMatmul(
      const v1::Device& device, checker::MatmulCallSpec spec,
      absl::AnyInvocable<void(v1::CommitmentReceived)> committed,
      absl::AnyInvocable<void(checker::MatmulAnswer)> done) override;
  std::shared_ptr<checker::BandwidthCall> StartBandwidth(
      const v1::Device& device, checker::BandwidthCallSpec spec,
      absl::AnyInvocable<void(checker::BandwidthOpening)> opened,
      absl::AnyInvocable<void(checker::BandwidthAnswer)> done) override;
  void Describe(const v1::Device& device, std::uint32_t deadline_ms,
                absl::AnyInvocable<void(checker::DescribeAnswer)> done) override;

  /// Where a fake device says that its tests listen.
  static std::uint32_t TestPort(std::uint32_t device) { return 20'000 + device; }
  /// When latency and matmul calls were under way: what tests should keep away from.
  struct Span {
    std::uint32_t device = 0;
    v1::Kind kind = v1::KIND_UNSPECIFIED;
    std::uint64_t from_ms = 0;  // wall
    std::uint64_t to_ms = 0;
  };
  const std::vector<Span>& spans() const { return spans_; }

 private:
  friend class FakeMatmulCall;
  friend class FakeBandwidthCall;
  struct Device {
    SigningKey key;
    FakeBehaviour behaviour;
    std::uint32_t matmul = 0;
    std::uint32_t most_matmul = 0;
  };

  void NoteSent(std::uint32_t device, const v1::SignedChallenge& challenge, bool samples);
  Signature Sign(const Device& device, const Digest& digest) const;
  checker::LatencyAnswer Answer(const Device& device, const checker::LatencyCallSpec& spec) const;

  FakeClock& clock_;
  const SigningDomain domain_;
  std::map<std::uint32_t, Device> devices_;
  std::vector<FakeSent> sent_;
  std::vector<FakeAsked> asked_;
  std::vector<Span> spans_;
  std::uint32_t matmul_ = 0;
  std::uint32_t most_matmul_ = 0;
};

/// Answers probes in simulated time.
class FakeProber final : public checker::ReachabilityProber {
 public:
  explicit FakeProber(FakeClock& clock) : clock_(clock) {}
  void Probe(std::vector<std::string> endpoints, unsigned deadline_ms,
             absl::AnyInvocable<void(checker::ReachabilityResult)> done) override;

  bool online = true;
  std::vector<std::vector<std::string>> probes;  // the endpoints of each

 private:
  FakeClock& clock_;
};

}  // namespace kaisar::testing
