// How large the page of a large epoch is.

#include <gtest/gtest.h>

#include <optional>

#include "audit/epoch_page.h"
#include "audit/score.h"
#include "base/check.h"
#include "base/file.h"
#include "challenges/policy.h"
#include "challenges/roster.h"
#include "tests/support/epoch_fixture.h"

namespace kaisar::audit {
namespace {

using kaisar::testing::EpochFixture;

constexpr std::size_t kMostBytes = 3'000'000;
constexpr std::uint32_t kDevices = 500;
constexpr std::uint64_t kEpochMs = 6 * 3'600'000;

/// An epoch of 500 devices as deploy/policy.yaml asks it, made of a few true records.
class LargeEpoch {
 public:
  LargeEpoch() {
    audited_.report.report = story_.report;
    OpenedEpoch& epoch = audited_.result.epoch;
    epoch.policy = NetworkPolicy();
    epoch.opened = story_.opened();
    epoch.opened.set_epoch_end_ms(epoch.opened.beacon_ms() + kEpochMs);
    v1::Roster& roster = *epoch.opened.mutable_roster();
    const v1::Device device = roster.devices(0);
    roster.clear_devices();
    for (std::uint32_t id = 1; id <= kDevices; ++id) {
      v1::Device& added = *roster.add_devices();
      added = device;
      added.set_id(id);
      v1::DeviceDescribed described = story_.Described(1);
      described.set_device(id);
      audited_.result.descriptions[id] = described;
    }
    Scorer scorer(roster, epoch.policy);
    scorer_ = &scorer;
    for (const v1::Device& each : roster.devices()) Play(each);
    audited_.result.scores = scorer.Scores();
  }

  const AuditedEpoch& audited() const { return audited_; }

 private:
  static challenges::Policy NetworkPolicy() {
    const std::string path = std::string(getenv("KAISAR_SOURCE_DIR")) + "/deploy/policy.yaml";
    return challenges::ParsePolicy(path, ReadFile(path, 1 << 20).value()).value();
  }

  void Play(const v1::Device& device) {
    for (const auto& [kind, policy] : audited_.result.epoch.policy.phases.at(device.phase())) {
      for (std::uint32_t q = 0; q < policy.count; ++q) {
        v1::ChallengeClosed closed = story_.Closed(1, kind, 1);
        closed.set_device(device.id());
        closed.set_due_ms((q * 7919 + device.id()) % policy.count * (kEpochMs / policy.count) +
                          q * 104'729 % 30'000);
        for (auto& echo : *closed.mutable_latency()->mutable_echoes()) {
          echo.set_rtt_us(80'000 + q * 101 + device.id());
        }
        if (q % 50 == 3) {  // a few are missed
          closed.set_verdict(v1::FAIL);
          closed.set_reason(v1::TIMED_OUT);
        }
        const v1::CommitmentReceived* commitment =
            kind == v1::MATMUL ? &story_.Commitment(1, 1) : nullptr;
        scorer_->Add(closed, commitment);
        LoggedChallenge challenge{closed,       device,       1'000'000 + q,
                                  std::nullopt, std::nullopt, commitment};
        audited_.history.Add(audited_.result.epoch.policy, challenge);
      }
    }
  }

  EpochFixture story_;
  AuditedEpoch audited_;
  Scorer* scorer_ = nullptr;
};

TEST(EpochPageSize, OfFiveHundredDevicesIsUnderThreeMegabytes) {
  const LargeEpoch epoch;
  const std::string page = MakeEpochPage(epoch.audited());
  EXPECT_LT(page.size(), kMostBytes);
  EXPECT_GT(page.size(), kMostBytes / 2);  // it has all of them
  EXPECT_EQ(epoch.audited().history.Of(kDevices).rtt_us.Points().size(), 360u - 8u);
}

}  // namespace
}  // namespace kaisar::audit
