// A fake device's side of a bandwidth challenge, in simulated time.
#include <utility>

#include "challenges/roster.h"
#include "challenges/signed_messages.h"
#include "tests/support/fake_provider_client.h"
#include "tests/support/iperf_scripts.h"

namespace kaisar::testing {

using checker::BandwidthAnswer;
using checker::BandwidthCallSpec;
using checker::BandwidthOpening;

class FakeBandwidthCall final : public checker::BandwidthCall,
                                public std::enable_shared_from_this<FakeBandwidthCall> {
 public:
  FakeBandwidthCall(FakeProviderClient& client, FakeProviderClient::Device& device,
                    std::uint32_t id, BandwidthCallSpec spec,
                    absl::AnyInvocable<void(BandwidthOpening)> opened,
                    absl::AnyInvocable<void(BandwidthAnswer)> done)
      : client_(client),
        device_(device),
        behaviour_(device.behaviour),
        id_(id),
        spec_(std::move(spec)),
        params_(challenges::BandwidthParamsOf(spec_.challenge)),
        opened_(std::move(opened)),
        done_(std::move(done)) {}

  void Start() {
    if (!behaviour_.reachable) return EndAfter(10, v1::NO_CONNECTION);
    if (behaviour_.declines || behaviour_.shows_running) return EndAfter(5, v1::DECLINED);
    if (behaviour_.silent || behaviour_.opens_ms > spec_.open_deadline_ms) {
      return EndAfter(spec_.open_deadline_ms, v1::DEADLINE);
    }
    After(behaviour_.opens_ms, &FakeBandwidthCall::Open);
  }

  void Measured() override {
    ++measured_;
    if (behaviour_.silent_after_test) return EndAfter(spec_.result_deadline_ms, v1::DEADLINE);
    if (!behaviour_.reports_first) return After(behaviour_.result_ms, &FakeBandwidthCall::Report);
    // What came before is taken now: the second opening, or the deadline of what is missing.
    if (static_cast<int>(answer_.measured.size()) >= measured_ && measured_ == 1) Open();
  }

  void Cancel() override { EndAfter(0, v1::ABANDONED); }

 private:
  void After(std::uint32_t ms, void (FakeBandwidthCall::*then)()) {
    client_.clock_.After(ms, [self = shared_from_this(), then] { ((*self).*then)(); });
  }

  void Open() {
    if (ended_) return;
    if (behaviour_.opens_down_only && !answer_.measured.empty()) return End(v1::BROKEN);
    direction_ = answer_.measured.empty() ? v1::DOWN : v1::UP;
    BandwidthOpening opening;
    opening.opened.set_direction(direction_);
    opening.opened.set_port(FakeProviderClient::TestPort(id_));
    opening.opened.set_rsa_public_key("a key");
    opening.address = "192.0.2.7";
    opened_(std::move(opening));
    if (behaviour_.breaks_in_test) return EndAfter(500, v1::BROKEN);
    if (behaviour_.reports_untested) {
      Note();
      return direction_ == v1::UP ? Finish() : Open();
    }
    if (behaviour_.reports_first) After((params_.seconds() + 1) * 1000, &FakeBandwidthCall::Report);
  }

  void Note() {
    v1::BandwidthMeasured measured;
    measured.set_direction(direction_);
    ScriptedCounts counts;
    counts.sent_bytes = counts.received_bytes =
        behaviour_.received_bytes * behaviour_.reports_percent / 100;
    counts.sent_ms = counts.received_ms = params_.seconds() * 1000;
    measured.set_result(OutcomeLine(challenges::IperfOutcome::State::kCompleted, "", counts));
    answer_.measured.push_back(std::move(measured));
  }

  void Report() {
    if (ended_) return;
    Note();
    if (direction_ == v1::UP) return Finish();
    if (!behaviour_.reports_first || measured_ > 0)
      After(behaviour_.opens_ms, &FakeBandwidthCall::Open);
  }

  void Finish() {
    const Digest hash = challenges::BandwidthResultsHash(answer_.measured[0].result(),
                                                         answer_.measured[1].result());
    const Digest digest = challenges::BandwidthTranscriptDigest(
        client_.domain_, challenges::ToDigest(spec_.challenge.challenge().challenge_id()),
        challenges::ChallengeDigest(client_.domain_, spec_.challenge.challenge()), hash);
    answer_.transcript.emplace();
    answer_.transcript->set_signature(ToString(ByteView(client_.Sign(device_, digest))));
    End(v1::COMPLETED);
  }

  void EndAfter(std::uint32_t ms, v1::Transport transport) {
    client_.clock_.After(ms, [self = shared_from_this(), transport] { self->End(transport); });
  }

  void End(v1::Transport transport) {
    if (ended_) return;
    ended_ = true;
    answer_.end.transport = transport;
    answer_.end.detail = "fake";
    if (transport == v1::DECLINED) {
      answer_.end.refusal.set_message("not today");
      if (behaviour_.shows_running) {
        *answer_.end.refusal.mutable_running() = *behaviour_.shows_running;
      }
    }
    done_(std::move(answer_));
  }

  FakeProviderClient& client_;
  FakeProviderClient::Device& device_;
  const FakeBehaviour behaviour_;
  const std::uint32_t id_;
  const BandwidthCallSpec spec_;
  const v1::BandwidthParams params_;
  absl::AnyInvocable<void(BandwidthOpening)> opened_;
  absl::AnyInvocable<void(BandwidthAnswer)> done_;
  v1::Direction direction_ = v1::DIRECTION_UNSPECIFIED;
  BandwidthAnswer answer_;
  int measured_ = 0;  // how often the checker said so
  bool ended_ = false;
};

std::shared_ptr<checker::BandwidthCall> FakeProviderClient::StartBandwidth(
    const v1::Device& device, BandwidthCallSpec spec,
    absl::AnyInvocable<void(BandwidthOpening)> opened,
    absl::AnyInvocable<void(BandwidthAnswer)> done) {
  NoteSent(device.id(), spec.challenge, /*samples=*/false);
  auto call =
      std::make_shared<FakeBandwidthCall>(*this, devices_.at(device.id()), device.id(),
                                          std::move(spec), std::move(opened), std::move(done));
  call->Start();
  return call;
}

}  // namespace kaisar::testing
