#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "base/sha256.h"
#include "challenges/matmul/check.h"
#include "challenges/roster.h"
#include "kernels/host_engine.h"
#include "provider/latency_session.h"
#include "provider/matmul_session.h"
#include "tests/support/sample_provider.h"

namespace kaisar::provider {
namespace {

using ::testing::HasSubstr;

class SessionTest : public ::testing::Test {
 protected:
  using Reply = absl::StatusOr<v1::MatmulResponse>;

  SessionTest() {
    worker_ = std::make_unique<MatmulWorker>(
        Device{kDevice, "cpu", KeyOf(0x77), kernels::MakePlainEngine()}, kDomain);
  }

  MatmulSession MakeMatmul() {
    return MatmulSession(peer_, services_, [this](Reply reply) {
      MutexLock lock(mutex_);
      replies_.push_back(std::move(reply));
      arrived_.SignalAll();
    });
  }

  Reply AwaitReply() {
    MutexLock lock(mutex_);
    while (replies_.empty()) arrived_.Wait(mutex_);
    Reply reply = std::move(replies_.front());
    replies_.erase(replies_.begin());
    return reply;
  }

  v1::MatmulRequest MatmulChallenge(std::uint8_t number) {
    v1::MatmulRequest request;
    *request.mutable_challenge() = SignedSample(clock_, v1::MATMUL, 1, number);
    return request;
  }
  v1::LatencyRequest LatencyChallenge(std::uint8_t number) {
    v1::LatencyRequest request;
    *request.mutable_challenge() = SignedSample(clock_, v1::LATENCY, 1, number);
    return request;
  }
  static v1::MatmulRequest Ping(const std::string& bytes) {
    v1::MatmulRequest request;
    request.set_ping(bytes);
    return request;
  }
  static v1::LatencyRequest Nonce(const std::string& bytes) {
    v1::LatencyRequest request;
    request.set_nonce(bytes);
    return request;
  }
  static v1::MatmulRequest Samples(const std::vector<challenges::MatmulSample>& samples) {
    v1::MatmulRequest request;
    request.mutable_samples();
    for (const challenges::MatmulSample& sample : samples) {
      v1::Sample& entry = *request.mutable_samples()->add_samples();
      entry.set_j(sample.j);
      entry.set_r(sample.r);
      entry.set_c(sample.c);
    }
    return request;
  }
  template <typename Response>
  static absl::StatusCode EndOf(const Step<Response>& step) {
    return step.end.has_value() ? step.end->code() : absl::StatusCode::kUnknown;
  }

  FakeClock clock_;
  const Peer peer_{SampleSlot(1).tls_pin, 1};
  const Limits limits_ = SampleLimits();
  Admission admission_{kDomain, {SampleSlot(1)}, {{kDevice, kStateMemoryBytes}}, limits_, clock_};
  Mutex mutex_;
  CondVar arrived_;
  std::vector<Reply> replies_;
  std::unique_ptr<MatmulWorker> worker_;  // ends before what it replies to
  SessionServices services_{admission_, limits_, kDomain, clock_,
                            [this](std::uint32_t) -> MatmulWorker& { return *worker_; }};
};

TEST_F(SessionTest, ProvesAMatmulChallengeThatTheCheckerAccepts) {
  MatmulSession session = MakeMatmul();
  EXPECT_EQ(session.OnRequest(Ping("12345678")).response->echo(), "12345678");
  const v1::MatmulRequest request = MatmulChallenge(1);
  Step<v1::MatmulResponse> step = session.OnRequest(request);
  EXPECT_FALSE(step.response.has_value() || step.end.has_value());
  step = session.OnReply(AwaitReply());
  ASSERT_TRUE(step.response.has_value() && step.response->has_commitment());
  const v1::MatmulCommitment commitment = step.response->commitment();
  const challenges::MatmulShape shape{256, 2};
  const auto roots = challenges::CheckCommitment(shape, commitment);
  ASSERT_TRUE(roots.ok()) << roots.status();
  const Digest challenge_digest =
      challenges::ChallengeDigest(kDomain, request.challenge().challenge());
  const Digest commitment_hash = challenges::ToDigest(commitment.commitment());
  EXPECT_TRUE(SignedBy(
      KeyOf(0x77).address(),
      challenges::MatmulCommitmentDigest(kDomain, Filled(1), challenge_digest, commitment_hash),
      ViewOf(commitment.signature())));

  const std::vector<challenges::MatmulSample> samples = {{0, 1, 2}, {1, 255, 255}, {1, 0, 7}};
  step = session.OnRequest(Samples(samples));
  EXPECT_FALSE(step.response.has_value() || step.end.has_value());
  EXPECT_FALSE(session.owes_messages());
  step = session.OnReply(AwaitReply());
  ASSERT_TRUE(step.response.has_value() && step.response->has_opening());
  EXPECT_EQ(EndOf(step), absl::StatusCode::kOk);
  const v1::MatmulOpening& opening = step.response->opening();
  EXPECT_TRUE(SignedBy(KeyOf(0x77).address(),
                       challenges::MatmulOpeningDigest(kDomain, Filled(1), commitment_hash,
                                                       Sha256(ViewOf(opening.body()))),
                       ViewOf(opening.signature())));
  v1::MatmulOpeningBody body;
  ASSERT_TRUE(body.ParseFromString(opening.body()));
  const absl::Status check = challenges::CheckOpening({Filled(0xab), shape, *roots, samples}, body);
  EXPECT_TRUE(check.ok()) << check;
}

TEST_F(SessionTest, IsFreeForTheNextChallengeWhenTheOpeningIsReady) {
  for (std::uint8_t number = 1; number <= 3; ++number) {
    MatmulSession session = MakeMatmul();
    session.OnRequest(MatmulChallenge(number));
    ASSERT_TRUE(session.OnReply(AwaitReply()).response->has_commitment()) << int{number};
    session.OnRequest(Samples({{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}));
    ASSERT_TRUE(session.OnReply(AwaitReply()).response->has_opening()) << int{number};
  }
}

TEST_F(SessionTest, DropsTheWorkWhenTheStreamCloses) {
  MatmulSession closed = MakeMatmul();
  closed.OnRequest(MatmulChallenge(1));
  closed.Close();
  // Cancelled, or committed first and then cancelled; free afterwards in both cases.
  Reply reply = AwaitReply();
  if (reply.ok()) reply = AwaitReply();
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(closed.OnReply(std::move(reply)).end.has_value());
  MatmulSession next = MakeMatmul();
  EXPECT_FALSE(next.OnRequest(MatmulChallenge(2)).end.has_value());
}

TEST_F(SessionTest, DropsTheWorkWhenNoSamplesAreAskedInTime) {
  MatmulSession session = MakeMatmul();
  session.OnRequest(MatmulChallenge(1));
  session.OnReply(AwaitReply());
  EXPECT_EQ(session.deadline_ns(),
            clock_.MonotonicNs() + limits_.opening_ms * std::uint64_t{1'000'000});
  EXPECT_EQ(EndOf(session.OnDeadline()), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(AwaitReply().status().code(), absl::StatusCode::kCancelled);
}

TEST_F(SessionTest, EndsOnWrongSamples) {
  const std::vector<std::vector<challenges::MatmulSample>> wrong = {
      {},
      {{0, 0, 0}, {0, 0, 0}},
      {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}, {0, 0, 0}},
      {{0, 0, 0}, {2, 0, 0}, {0, 0, 0}},
      {{0, 0, 0}, {0, 256, 0}, {0, 0, 0}},
      {{0, 0, 0}, {0, 0, 0}, {0, 0, 0xffffffff}}};
  for (std::uint8_t i = 0; i < wrong.size(); ++i) {
    clock_.AdvanceMs(10'000);  // so that the rate limit does not answer
    MatmulSession session = MakeMatmul();
    session.OnRequest(MatmulChallenge(i));
    session.OnReply(AwaitReply());
    EXPECT_EQ(EndOf(session.OnRequest(Samples(wrong[i]))), absl::StatusCode::kInvalidArgument)
        << int{i};
    EXPECT_EQ(AwaitReply().status().code(), absl::StatusCode::kCancelled);
  }
}

TEST_F(SessionTest, EndsOnMatmulMessagesOutOfTurn) {
  EXPECT_EQ(EndOf(MakeMatmul().OnRequest({})), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(EndOf(MakeMatmul().OnRequest(Ping("1234567"))), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(EndOf(MakeMatmul().OnRequest(Samples({{0, 0, 0}}))),
            absl::StatusCode::kInvalidArgument);

  MatmulSession pings = MakeMatmul();
  for (int i = 0; i < 16; ++i) EXPECT_FALSE(pings.OnRequest(Ping("12345678")).end.has_value());
  EXPECT_EQ(EndOf(pings.OnRequest(Ping("12345678"))), absl::StatusCode::kInvalidArgument);

  MatmulSession twice = MakeMatmul();
  twice.OnRequest(MatmulChallenge(1));
  EXPECT_EQ(EndOf(twice.OnRequest(MatmulChallenge(2))), absl::StatusCode::kInvalidArgument);
}

TEST_F(SessionTest, EchoesNoncesAndSignsThem) {
  LatencySession session(peer_, services_);
  const v1::LatencyRequest request = LatencyChallenge(1);
  EXPECT_TRUE(session.OnRequest(request).response->has_accepted());
  EXPECT_EQ(session.OnRequest(Nonce("abcdefgh")).response->echo(), "abcdefgh");
  EXPECT_EQ(session.OnRequest(Nonce("12345678")).response->echo(), "12345678");
  v1::LatencyRequest finish;
  finish.mutable_finish();
  const Step<v1::LatencyResponse> step = session.OnRequest(finish);
  EXPECT_EQ(EndOf(step), absl::StatusCode::kOk);
  const Digest digest = challenges::PingTranscriptDigest(
      kDomain, Filled(1), challenges::ChallengeDigest(kDomain, request.challenge().challenge()),
      Sha256(ViewOf("abcdefgh12345678")));
  EXPECT_TRUE(
      SignedBy(KeyOf(0x77).address(), digest, ViewOf(step.response->transcript().signature())));
}

TEST_F(SessionTest, EndsOnLatencyMessagesOutOfTurn) {
  v1::LatencyRequest finish;
  finish.mutable_finish();
  for (const v1::LatencyRequest& first : {v1::LatencyRequest(), Nonce("12345678"), finish}) {
    EXPECT_EQ(EndOf(LatencySession(peer_, services_).OnRequest(first)),
              absl::StatusCode::kInvalidArgument);
  }
  LatencySession many(peer_, services_);
  many.OnRequest(LatencyChallenge(1));
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(many.OnRequest(Nonce("12345678")).end.has_value());
  EXPECT_EQ(EndOf(many.OnRequest(Nonce("12345678"))), absl::StatusCode::kInvalidArgument);

  LatencySession longer(peer_, services_);
  longer.OnRequest(LatencyChallenge(2));
  EXPECT_EQ(EndOf(longer.OnRequest(Nonce("123456789"))), absl::StatusCode::kInvalidArgument);

  LatencySession twice(peer_, services_);
  twice.OnRequest(LatencyChallenge(3));
  EXPECT_EQ(EndOf(twice.OnRequest(LatencyChallenge(4))), absl::StatusCode::kInvalidArgument);
}

TEST_F(SessionTest, GivesALatencyStreamItsSpacingAndNoMoreThanItsExpiry) {
  LatencySession session(peer_, services_);
  const std::uint64_t begun_ns = clock_.MonotonicNs();
  session.OnRequest(LatencyChallenge(1));  // expires after 60 s, spaced by 50 ms
  EXPECT_EQ(session.deadline_ns(), begun_ns + 20'050'000'000);
  clock_.AdvanceMs(110'000);
  session.OnRequest(Nonce("12345678"));
  EXPECT_EQ(session.deadline_ns(), begun_ns + 120'000'000'000);
  EXPECT_EQ(EndOf(session.OnDeadline()), absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace kaisar::provider
