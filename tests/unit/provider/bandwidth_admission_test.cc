#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "provider/admission.h"
#include "tests/support/sample_provider.h"

namespace kaisar::provider {
namespace {

using ::testing::HasSubstr;

class BandwidthAdmissionTest : public ::testing::Test {
 protected:
  /// An Admission with these limits, whose slot 1 may check kDevice in epoch 7.
  std::unique_ptr<Admission> Make(const std::optional<BandwidthLimits>& bandwidth,
                                  bool in_service = false) {
    Limits limits = SampleLimits();
    limits.rate.bandwidth_per_minute = 6;
    limits.bandwidth = bandwidth;
    auto admission =
        std::make_unique<Admission>(kDomain, std::vector<SlotConfig>{},
                                    AdmittedDevices{{kDevice, kStateMemoryBytes}}, limits, clock_);
    ServedSlot served{SampleSlot(1), 7, std::set<std::uint32_t>{kDevice}};
    if (in_service) served.in_service.insert(kDevice);
    admission->Serve({served});
    return admission;
  }
  v1::SignedChallenge Challenge(std::uint8_t number, std::uint32_t seconds = 5) {
    v1::SignedChallenge challenge = SampleChallenge(clock_, v1::BANDWIDTH, 1, number);
    v1::BandwidthParams params = challenges::BandwidthParamsOf(challenge);
    params.set_seconds(seconds);
    challenge.set_params(params.SerializeAsString());
    return Signed(challenge);
  }
  /// `taken`, the refusal's message, or the status.
  std::string Answer(Admission& admission, const v1::SignedChallenge& challenge) {
    const Peer peer = admission.FindPeer(SampleSlot(1).tls_pin).value_or(Peer{{}, 99});
    const Decision decision = admission.Decide(peer, v1::BANDWIDTH, challenge);
    if (const auto* refusal = std::get_if<v1::Refusal>(&decision)) return refusal->message();
    if (const auto* status = std::get_if<absl::Status>(&decision)) return status->ToString();
    return "taken";
  }

  FakeClock clock_;
};

TEST_F(BandwidthAdmissionTest, TakesATestWhenPortsAreConfigured) {
  EXPECT_EQ(Answer(*Make(BandwidthLimits()), Challenge(1)), "taken");
  EXPECT_EQ(Answer(*Make(std::nullopt), Challenge(1)),
            "takes no bandwidth tests: no ports configured");
}

TEST_F(BandwidthAdmissionTest, TakesOnlyShortTestsOfADeviceInService) {
  const auto admission = Make(BandwidthLimits(), /*in_service=*/true);
  EXPECT_EQ(Answer(*admission, Challenge(1, 3)), "taken");
  EXPECT_EQ(Answer(*admission, Challenge(2, 4)),
            "device 17 is in service: tests take 4 seconds, limit 3");
  EXPECT_EQ(Answer(*Make(BandwidthLimits()), Challenge(3, 60)), "taken");
}

TEST_F(BandwidthAdmissionTest, TakesNoTestOfADeviceInServiceWhenToldSo) {
  BandwidthLimits limits;
  limits.refuse_in_service = true;
  EXPECT_EQ(Answer(*Make(limits, /*in_service=*/true), Challenge(1, 1)),
            "device 17 is in service and takes no bandwidth tests");
  EXPECT_EQ(Answer(*Make(limits), Challenge(2)), "taken");
}

TEST_F(BandwidthAdmissionTest, RefusesATestThatIsSentTooFast) {
  BandwidthLimits limits;
  limits.most_bits_per_second = 21'999'999;
  EXPECT_EQ(Answer(*Make(limits), Challenge(1)),
            "tests are sent at 22000000 bits per second, limit 21999999");
  limits.most_bits_per_second = 22'000'000;
  EXPECT_EQ(Answer(*Make(limits), Challenge(2)), "taken");
}

TEST_F(BandwidthAdmissionTest, LimitsItsRateByItself) {
  const auto admission = Make(BandwidthLimits());
  for (std::uint8_t i = 0; i < 4; ++i) EXPECT_EQ(Answer(*admission, Challenge(i)), "taken");
  EXPECT_THAT(Answer(*admission, Challenge(5)),
              HasSubstr("slot 1 asks more often than 6 times a minute, burst 4"));
  const Peer peer = *admission->FindPeer(SampleSlot(1).tls_pin);
  EXPECT_TRUE(std::holds_alternative<Taken>(
      admission->Decide(peer, v1::LATENCY, SignedSample(clock_, v1::LATENCY, 1, 6))));
  clock_.AdvanceMs(10'000);
  EXPECT_EQ(Answer(*admission, Challenge(7)), "taken");
}

TEST_F(BandwidthAdmissionTest, TakesNoChallengeTwiceAndNoneOfAnotherKind) {
  const auto admission = Make(BandwidthLimits());
  EXPECT_EQ(Answer(*admission, Challenge(1)), "taken");
  EXPECT_EQ(Answer(*admission, Challenge(1)), "challenge was taken before");
  EXPECT_THAT(Answer(*admission, SignedSample(clock_, v1::MATMUL, 1, 2)),
              HasSubstr("INVALID_ARGUMENT"));
}

}  // namespace
}  // namespace kaisar::provider
