#include "challenges/signed_messages.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/sha256.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/limits.h"
#include "challenges/roster.h"
#include "tests/unit/challenges/sample_network.h"

namespace kaisar::challenges {
namespace {

constexpr std::uint64_t kBeaconMs = 1'790'000'000'000;

SigningKey KeyOf(std::uint8_t byte) {
  return SigningKey::Parse(Filled(byte)).value();
}

v1::SignedChallenge Sample(v1::Kind kind) {
  const PlannedChallenge planned{1000, 5, 2, kind};
  v1::SignedChallenge challenge = MakeChallenge(SampleKey(), SampleScope(), kBeaconMs, planned,
                                                *FindDevice(SampleRoster(), 5), SamplePolicy());
  SignChallenge(KeyOf(0x41), DomainOf(SampleRoster()), challenge);
  return challenge;
}

/// The domain that the vectors are signed under.
SigningDomain VectorDomain(const nlohmann::json& given) {
  return {given["chain_id"], ParseHexArray<20>(given["contract"].get<std::string>()).value()};
}

/// The vectors' challenge of one kind, made here but for its expiry.
v1::Challenge VectorChallenge(const nlohmann::json& given, v1::Kind kind) {
  v1::Challenge challenge = Sample(kind).challenge();
  challenge.set_expires_at_ms(given["expires_at_ms"]);
  return challenge;
}

void SetParams(v1::SignedChallenge& challenge, const std::string& params) {
  challenge.set_params(params);
  challenge.mutable_challenge()->set_params_hash(ToString(Sha256(ViewOf(params))));
}

/// A policy that sends bandwidth tests at other rates, or a device in another phase.
v1::BandwidthParams BandwidthParamsWith(std::uint64_t claimed, std::uint64_t counted,
                                        v1::Phase phase) {
  v1::Device device = *FindDevice(SampleRoster(), 5);
  device.set_down_bits_per_second(claimed);
  device.set_phase(phase);
  BandwidthPolicy policy = SamplePolicy().bandwidth;
  policy.counted_bits_per_second = counted;
  return BandwidthParamsFor(device, policy);
}

std::string ErrorAfter(v1::Kind kind, const std::function<void(v1::SignedChallenge&)>& change) {
  v1::SignedChallenge challenge = Sample(kind);
  change(challenge);
  const absl::Status status = ValidateChallenge(challenge);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

std::string BandwidthErrorAfter(const std::function<void(v1::BandwidthParams&)>& change) {
  return ErrorAfter(v1::BANDWIDTH, [&](v1::SignedChallenge& challenge) {
    v1::BandwidthParams params = BandwidthParamsOf(challenge);
    change(params);
    SetParams(challenge, params.SerializeAsString());
  });
}

std::string MatmulErrorAfter(const std::function<void(v1::MatmulParams&)>& change) {
  return ErrorAfter(v1::MATMUL, [&](v1::SignedChallenge& challenge) {
    v1::MatmulParams params = MatmulParamsOf(challenge);
    change(params);
    SetParams(challenge, params.SerializeAsString());
  });
}

TEST(SignedMessages, HashAsTheSecondImplementationDoes) {
  const nlohmann::json vectors = ReadVectors("challenges.json");
  const nlohmann::json given = vectors["given"];
  const SigningDomain domain = VectorDomain(given);
  const v1::Challenge matmul = VectorChallenge(given, v1::MATMUL);
  const v1::Challenge latency = VectorChallenge(given, v1::LATENCY);
  const Digest matmul_digest = ChallengeDigest(domain, matmul);
  const Digest latency_digest = ChallengeDigest(domain, latency);
  EXPECT_EQ(ToHex(matmul_digest), vectors["matmul_challenge_digest"]);
  EXPECT_EQ(ToHex(latency_digest), vectors["latency_challenge_digest"]);
  const Digest id = ToDigest(matmul.challenge_id());
  const Digest commitment = DigestOf(given["commitment"]);
  EXPECT_EQ(ToHex(MatmulCommitmentDigest(domain, id, matmul_digest, commitment)),
            vectors["commitment_digest"]);
  EXPECT_EQ(ToHex(MatmulOpeningDigest(domain, id, commitment, DigestOf(given["opening_hash"]))),
            vectors["opening_digest"]);
  EXPECT_EQ(ToHex(PingTranscriptDigest(domain, ToDigest(latency.challenge_id()), latency_digest,
                                       DigestOf(given["nonces_hash"]))),
            vectors["transcript_digest"]);
  const v1::Challenge bandwidth = VectorChallenge(given, v1::BANDWIDTH);
  const Digest bandwidth_digest = ChallengeDigest(domain, bandwidth);
  EXPECT_EQ(ToHex(bandwidth_digest), vectors["bandwidth_challenge_digest"]);
  const Digest results = BandwidthResultsHash("down", "up");
  EXPECT_EQ(ToHex(results), vectors["results_hash"]);
  EXPECT_EQ(ToHex(BandwidthTranscriptDigest(domain, ToDigest(bandwidth.challenge_id()),
                                            bandwidth_digest, results)),
            vectors["bandwidth_transcript_digest"]);
}

TEST(SignedMessages, DeriveThePasswordAsTheSecondImplementationDoes) {
  const Digest id = ToDigest(Sample(v1::BANDWIDTH).challenge().challenge_id());
  EXPECT_EQ(ToHex(IperfPassword(SampleKey(), id)),
            ReadVectors("challenges.json")["iperf_password"]);
}

TEST(SignedMessages, SerializeTheParametersOfTheVectors) {
  const nlohmann::json given = ReadVectors("challenges.json")["given"];
  EXPECT_EQ(ToHex(ViewOf(Sample(v1::MATMUL).params())), given["matmul_params"]);
  EXPECT_EQ(ToHex(ViewOf(Sample(v1::LATENCY).params())), given["latency_params"]);
  EXPECT_EQ(ToHex(ViewOf(Sample(v1::BANDWIDTH).params())), given["bandwidth_params"]);
}

TEST(MakeChallenge, SaysWhatThePlanAndThePolicySay) {
  const v1::SignedChallenge matmul = Sample(v1::MATMUL);
  const Digest id = ChallengeId(SampleScope(), {0, 5, 2, v1::MATMUL});
  EXPECT_EQ(matmul.challenge().challenge_id(), ToString(id));
  EXPECT_EQ(matmul.challenge().epoch(), 7u);
  EXPECT_EQ(matmul.challenge().slot(), 3u);
  EXPECT_EQ(matmul.challenge().device(), 5u);
  EXPECT_EQ(matmul.challenge().seed(), ToString(ChallengeSeed(SampleKey(), id)));
  EXPECT_EQ(MatmulParamsOf(matmul).n(), 1024u);
  EXPECT_EQ(MatmulParamsOf(matmul).rounds(), 4u);
  EXPECT_EQ(MatmulParamsOf(matmul).samples(), 64u);
  EXPECT_EQ(LatencyParamsOf(Sample(v1::LATENCY)).pings(), 16u);
  EXPECT_EQ(LatencyParamsOf(Sample(v1::LATENCY)).spacing_ms(), 20u);
}

TEST(MakeChallenge, ExpiresAfterSlackAndDeadlines) {
  EXPECT_EQ(Sample(v1::MATMUL).challenge().expires_at_ms(),
            kBeaconMs + 1000 + 2000 + 10'000 + 5000);
  EXPECT_EQ(Sample(v1::LATENCY).challenge().expires_at_ms(), kBeaconMs + 1000 + 2000 + 5000);
}

TEST(MakeChallenge, LetsABandwidthChallengeLastForBothTests) {
  // Opened; then twice: line free, connect, 1 + 5 s, results.
  EXPECT_EQ(Sample(v1::BANDWIDTH).challenge().expires_at_ms(),
            kBeaconMs + 1000 + 2000 + 20'000 + 2 * (10'000 + 5000 + 6000 + 5000));
}

TEST(MakeChallenge, GivesAChallengeWithoutSecretsNoSeed) {
  EXPECT_EQ(Sample(v1::LATENCY).challenge().seed(), std::string(32, '\0'));
  EXPECT_EQ(Sample(v1::BANDWIDTH).challenge().seed(), std::string(32, '\0'));
}

TEST(BandwidthParams, AskATenthAboveTheClaim) {
  const v1::BandwidthParams params = BandwidthParamsOf(Sample(v1::BANDWIDTH));
  EXPECT_EQ(params.seconds(), 5u);
  EXPECT_EQ(params.streams(), 4u);
  EXPECT_EQ(params.down_bits_per_second(), 110'000'000u);
  EXPECT_EQ(params.up_bits_per_second(), 22'000'000u);
  EXPECT_EQ(params.open_ms(), 20'000u);
  EXPECT_EQ(params.start_ms(), 10'000u);
}

TEST(BandwidthParams, AskNoMoreThanATenthAboveWhatCounts) {
  EXPECT_EQ(BandwidthParamsWith(10'000'000'000, 1'000'000'000, v1::STANDBY).down_bits_per_second(),
            1'100'000'000u);
  EXPECT_EQ(
      BandwidthParamsWith(~std::uint64_t{0}, kMostCountedRate, v1::STANDBY).down_bits_per_second(),
      kMostSentRate);
}

TEST(BandwidthParams, AskEnoughToMeasureATinyClaim) {
  EXPECT_EQ(BandwidthParamsWith(1, 1'000'000'000, v1::STANDBY).down_bits_per_second(),
            kLeastSentRate);
}

TEST(BandwidthParams, AreShorterWhileTheDeviceIsInService) {
  EXPECT_EQ(BandwidthParamsWith(1, 1'000'000, v1::IN_SERVICE).seconds(), 2u);
  EXPECT_EQ(BandwidthParamsWith(1, 1'000'000, v1::REGISTERING).seconds(), 5u);
}

TEST(SignChallenge, IsRecognisedAsTheSlotsAlone) {
  const SigningDomain domain = DomainOf(SampleRoster());
  const v1::SignedChallenge challenge = Sample(v1::MATMUL);
  EXPECT_TRUE(IsSignedBy(KeyOf(0x41).address(), domain, challenge));
  EXPECT_FALSE(IsSignedBy(KeyOf(0x42).address(), domain, challenge));
  EXPECT_FALSE(IsSignedBy(KeyOf(0x41).address(), {1, domain.contract}, challenge));
}

TEST(SignChallenge, CoversEveryField) {
  const std::vector<std::function<void(v1::Challenge&)>> changes = {
      [](v1::Challenge& c) { c.set_challenge_id(std::string(32, '\x01')); },
      [](v1::Challenge& c) { c.set_epoch(8); },
      [](v1::Challenge& c) { c.set_slot(4); },
      [](v1::Challenge& c) { c.set_device(6); },
      [](v1::Challenge& c) { c.set_kind(v1::LATENCY); },
      [](v1::Challenge& c) { c.set_seed(std::string(32, '\x01')); },
      [](v1::Challenge& c) { c.set_params_hash(std::string(32, '\x01')); },
      [](v1::Challenge& c) { c.set_expires_at_ms(c.expires_at_ms() + 1); }};
  for (const auto& change : changes) {
    v1::SignedChallenge challenge = Sample(v1::MATMUL);
    change(*challenge.mutable_challenge());
    EXPECT_FALSE(IsSignedBy(KeyOf(0x41).address(), DomainOf(SampleRoster()), challenge));
  }
}

TEST(ValidateChallenge, AcceptsWhatMakeChallengeMakes) {
  EXPECT_TRUE(ValidateChallenge(Sample(v1::MATMUL)).ok());
  EXPECT_TRUE(ValidateChallenge(Sample(v1::LATENCY)).ok());
  EXPECT_TRUE(ValidateChallenge(Sample(v1::BANDWIDTH)).ok());
}

TEST(ValidateChallenge, RefusesWrongLengths) {
  EXPECT_EQ(ErrorAfter(v1::MATMUL, [](auto& c) { c.mutable_challenge()->set_challenge_id("x"); }),
            "challenge_id is 1 bytes, expected 32");
  EXPECT_EQ(ErrorAfter(v1::MATMUL, [](auto& c) { c.mutable_challenge()->clear_seed(); }),
            "seed is 0 bytes, expected 32");
  EXPECT_EQ(ErrorAfter(v1::MATMUL, [](auto& c) { c.mutable_challenge()->set_params_hash("x"); }),
            "params_hash is 1 bytes, expected 32");
  EXPECT_EQ(ErrorAfter(v1::MATMUL, [](auto& c) { c.clear_signature(); }),
            "signature is 0 bytes, expected 65");
  EXPECT_EQ(ErrorAfter(v1::MATMUL, [](auto& c) { c.clear_challenge(); }),
            "challenge_id is 0 bytes, expected 32");
  EXPECT_EQ(ErrorAfter(v1::MATMUL, [](auto& c) { SetParams(c, std::string(65, 'x')); }),
            "params are 65 bytes, limit 64");
}

TEST(ValidateChallenge, RefusesADeviceBeyond24Bits) {
  EXPECT_EQ(ErrorAfter(v1::MATMUL, [](auto& c) { c.mutable_challenge()->set_device(1 << 24); }),
            "device is 16777216, expected 0 to 16777214");
}

TEST(ValidateChallenge, RefusesKindsThatItDoesNotKnow) {
  for (const int kind : {0, 4, 258, 259, -1}) {
    EXPECT_EQ(
        ErrorAfter(v1::MATMUL, [&](auto& c) { c.mutable_challenge()->set_kind(v1::Kind{kind}); }),
        absl::StrCat("kind is ", kind, ", expected 1 (latency), 2 (bandwidth) or 3 (matmul)"));
  }
}

TEST(ValidateChallenge, RefusesParametersThatAreNotTheSignedOnes) {
  EXPECT_EQ(ErrorAfter(v1::MATMUL, [](auto& c) { c.mutable_params()->append("\x08\x01"); }),
            "params_hash is not the hash of params");
}

TEST(ValidateChallenge, RefusesParametersThatDoNotParseOrSayMore) {
  EXPECT_EQ(ErrorAfter(v1::MATMUL, [](auto& c) { SetParams(c, "\x08"); }),
            "params of 1 bytes do not parse");
  EXPECT_EQ(ErrorAfter(v1::MATMUL, [](auto& c) { SetParams(c, c.params() + "\x20\x01"); }),
            "params have unknown fields");
}

TEST(ValidateChallenge, RefusesAbsurdMatmulParameters) {
  EXPECT_EQ(MatmulErrorAfter([](auto& p) { p.set_n(128); }), "n is 128, expected 256 to 32768");
  EXPECT_EQ(MatmulErrorAfter([](auto& p) { p.set_n(65536); }), "n is 65536, expected 256 to 32768");
  EXPECT_EQ(MatmulErrorAfter([](auto& p) { p.set_n(1000); }), "n is 1000, expected a power of two");
  EXPECT_EQ(MatmulErrorAfter([](auto& p) { p.set_rounds(0); }), "rounds is 0, expected 1 to 4096");
  EXPECT_EQ(MatmulErrorAfter([](auto& p) { p.set_rounds(4097); }),
            "rounds is 4097, expected 1 to 4096");
  EXPECT_EQ(MatmulErrorAfter([](auto& p) { p.set_samples(1025); }),
            "samples is 1025, expected 1 to 1024");
  EXPECT_EQ(ErrorAfter(v1::MATMUL, [](auto& c) { SetParams(c, ""); }),
            "n is 0, expected 256 to 32768");
}

TEST(ValidateChallenge, RefusesAbsurdLatencyParameters) {
  v1::LatencyParams params;
  params.set_pings(1025);
  EXPECT_EQ(ErrorAfter(v1::LATENCY, [&](auto& c) { SetParams(c, params.SerializeAsString()); }),
            "pings is 1025, expected 1 to 1024");
  params.set_pings(16);
  params.set_spacing_ms(10'001);
  EXPECT_EQ(ErrorAfter(v1::LATENCY, [&](auto& c) { SetParams(c, params.SerializeAsString()); }),
            "spacing_ms is 10001, expected 0 to 10000");
}

TEST(ValidateChallenge, RefusesAbsurdBandwidthParameters) {
  EXPECT_EQ(BandwidthErrorAfter([](auto& p) { p.set_seconds(0); }),
            "seconds is 0, expected 1 to 60");
  EXPECT_EQ(BandwidthErrorAfter([](auto& p) { p.set_seconds(61); }),
            "seconds is 61, expected 1 to 60");
  EXPECT_EQ(BandwidthErrorAfter([](auto& p) { p.set_streams(17); }),
            "streams is 17, expected 1 to 16");
  EXPECT_EQ(BandwidthErrorAfter([](auto& p) { p.set_down_bits_per_second(999'999); }),
            "down_bits_per_second is 999999, expected 1000000 to 1100000000000000");
  EXPECT_EQ(BandwidthErrorAfter([](auto& p) { p.set_up_bits_per_second(kMostSentRate + 1); }),
            "up_bits_per_second is 1100000000000001, expected 1000000 to 1100000000000000");
  EXPECT_EQ(BandwidthErrorAfter([](auto& p) { p.clear_open_ms(); }),
            "open_ms is 0, expected 1 to 120000");
  EXPECT_EQ(BandwidthErrorAfter([](auto& p) { p.set_start_ms(120'001); }),
            "start_ms is 120001, expected 1 to 120000");
}

TEST(ValidateChallenge, RefusesASeedWhereTheKindHasNone) {
  const auto seed = [](auto& c) { c.mutable_challenge()->set_seed(std::string(32, '\x01')); };
  EXPECT_EQ(ErrorAfter(v1::LATENCY, seed), "seed of a latency challenge is not zero");
  EXPECT_EQ(ErrorAfter(v1::BANDWIDTH, seed), "seed of a bandwidth challenge is not zero");
}

}  // namespace
}  // namespace kaisar::challenges
