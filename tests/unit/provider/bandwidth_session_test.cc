#include "provider/bandwidth_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/hex.h"
#include "challenges/signed_messages.h"
#include "tests/unit/provider/bandwidth_fixture.h"

namespace kaisar::provider {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class BandwidthSessionTest : public BandwidthFixture {};

TEST_F(BandwidthSessionTest, MeasuresBothDirectionsAndSignsWhatItCounted) {
  const Stream stream = Ask(1);
  clock_.Advance(2 * kTestMs);
  ASSERT_EQ(stream->sent.size(), 5u);
  EXPECT_EQ(stream->EndCode(), absl::StatusCode::kOk);
  for (std::size_t i = 0; i < 2; ++i) {
    const challenges::IperfTask task = Task(i);
    const v1::Direction direction = i == 0 ? v1::DOWN : v1::UP;
    const v1::BandwidthOpened& opened = stream->sent[2 * i].opened();
    EXPECT_EQ(opened.direction(), direction);
    EXPECT_EQ(opened.port(), task.ports.front());
    EXPECT_EQ(opened.rsa_public_key(), "key");
    const v1::BandwidthMeasured& measured = stream->sent[2 * i + 1].measured();
    EXPECT_EQ(measured.direction(), direction);
    EXPECT_EQ(measured.result(), ResultLine(task));
  }
  EXPECT_EQ(processes_->Running(), 0u);
}

TEST_F(BandwidthSessionTest, SignsTheTranscriptWithTheDevicesKey) {
  const v1::SignedChallenge challenge = Challenge(1);
  const Stream stream = Open(1);
  stream->Ask(challenge, std::string(32, 'p'));
  clock_.Advance(2 * kTestMs);
  const Digest digest = challenges::BandwidthTranscriptDigest(
      kDomain, Filled(1), challenges::ChallengeDigest(kDomain, challenge.challenge()),
      challenges::BandwidthResultsHash(stream->sent.at(1).measured().result(),
                                       stream->sent.at(3).measured().result()));
  EXPECT_TRUE(
      SignedBy(KeyOf(0x77).address(), digest, ViewOf(stream->sent.at(4).transcript().signature())));
}

TEST_F(BandwidthSessionTest, TellsEachProcessWhatTheChallengeAndTheConnectionSay) {
  const Stream stream = Ask(1);
  clock_.Advance(2 * kTestMs);
  ASSERT_EQ(processes_->Records().size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const challenges::IperfTask task = Task(i);
    EXPECT_EQ(task.role, challenges::IperfTask::Role::kServer);
    EXPECT_EQ(task.direction, i == 0 ? v1::DOWN : v1::UP);
    EXPECT_EQ(task.user, ToHex(Filled(1)));
    EXPECT_EQ(task.password, ToHex(ViewOf(std::string(32, 'p'))));
    EXPECT_EQ(task.only_from, "192.0.2.1");
    EXPECT_EQ(task.seconds, 5u);
    EXPECT_EQ(task.streams, 4u);
    EXPECT_EQ(task.bits_per_second, i == 0 ? 11'000'000u : 22'000'000u);
    EXPECT_THAT(task.ports, UnorderedElementsAre(7500u, 7501u, 7502u));
    EXPECT_GE(task.start_ms, 15'000u);                  // the checker may wait 10 s, and connect
    EXPECT_GE(task.limit_ms, task.start_ms + 11'000u);  // 6 s of test, 5 s for the results
    EXPECT_EQ(processes_->Records()[i].spec.argv, std::vector<std::string>{"/kaisar-iperf"});
  }
}

TEST_F(BandwidthSessionTest, TriesThePortsInAnotherOrderEachTime) {
  std::set<std::uint32_t> first;
  for (std::uint8_t slot = 1; slot <= kSlots; ++slot) {
    const Stream stream = Ask(slot);
    clock_.Advance(2 * kTestMs);
    first.insert(stream->sent.at(0).opened().port());
    first.insert(stream->sent.at(2).opened().port());
  }
  EXPECT_EQ(first.size(), 3u);  // misses one of three in sixty once in 10^10 runs
}

TEST_F(BandwidthSessionTest, LetsASecondChallengeWaitForItsTurn) {
  const Stream first = Ask(1);
  const Stream second = Ask(2);
  const Stream third = Ask(3);
  clock_.Advance(2 * kTestMs - 1);
  EXPECT_EQ(processes_->Running(), 1u);
  EXPECT_TRUE(second->sent.empty() && third->sent.empty());
  clock_.Advance(1);
  EXPECT_EQ(first->EndCode(), absl::StatusCode::kOk);
  EXPECT_EQ(processes_->Running(), 1u);
  clock_.Advance(2 * kTestMs - 1);
  EXPECT_EQ(second->sent.size(), 3u);
  EXPECT_TRUE(third->sent.empty());
  clock_.Advance(1);
  EXPECT_EQ(second->EndCode(), absl::StatusCode::kOk);
  clock_.Advance(2 * kTestMs);
  EXPECT_EQ(third->EndCode(), absl::StatusCode::kOk);
  EXPECT_EQ(processes_->Running(), 0u);
}

TEST_F(BandwidthSessionTest, ShowsTheRunningChallengeWhenTooManyWait) {
  const v1::SignedChallenge running = Challenge(1);
  std::vector<Stream> streams;
  for (std::uint8_t slot = 1; slot <= 17; ++slot) streams.push_back(Ask(slot));
  for (const Stream& stream : streams) EXPECT_FALSE(stream->end.has_value());
  const Stream late = Ask(18);
  EXPECT_EQ(late->EndCode(), absl::StatusCode::kOk);
  EXPECT_EQ(late->Refused(), "16 challenges wait for their bandwidth test, limit 16");
  EXPECT_TRUE(late->HasEvidenceOf(running));
}

TEST_F(BandwidthSessionTest, LetsNoSlotTakeAllPlaces) {
  std::vector<Stream> greedy;
  for (std::uint8_t number = 1; number <= 4; ++number) greedy.push_back(AskAgain(1, number));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_FALSE(greedy[i]->end.has_value());
  EXPECT_EQ(greedy[3]->EndCode(), absl::StatusCode::kOk);
  EXPECT_EQ(greedy[3]->Refused(),
            "2 challenges of slot 1 wait for their bandwidth test already, limit 2");
  EXPECT_FALSE(greedy[3]->sent.back().refusal().has_running());  // its own excuses nobody
  const Stream other = Ask(5);
  EXPECT_FALSE(other->end.has_value());
  greedy[2]->session.Close();  // a place of its own is free again
  clock_.Advance(1'000);       // more than four at once are too many for another reason
  EXPECT_FALSE(AskAgain(1, 6)->end.has_value());
}

TEST_F(BandwidthSessionTest, ShowsAnotherSlotsRunningChallengeToASlotThatAsksTooOften) {
  const v1::SignedChallenge running = Challenge(9);
  const Stream other = Ask(9);
  std::vector<Stream> greedy;
  for (std::uint8_t number = 1; number <= 3; ++number) greedy.push_back(AskAgain(1, number));
  EXPECT_FALSE(greedy[1]->end.has_value());
  EXPECT_THAT(greedy[2]->Refused(), HasSubstr("2 challenges of slot 1 wait"));
  EXPECT_TRUE(greedy[2]->HasEvidenceOf(running));
}

TEST_F(BandwidthSessionTest, ShowsTheRunningChallengeWhenItsTurnDoesNotCome) {
  processes_->SetAuthor(nullptr);
  const v1::SignedChallenge running = Challenge(1);
  const Stream first = Ask(1);
  const Stream second = Ask(2);
  clock_.Advance(14'999);  // a quarter of open_ms before the checker gives up
  second->Sweep();
  EXPECT_FALSE(second->end.has_value());
  clock_.Advance(1);
  second->Sweep();
  EXPECT_EQ(second->EndCode(), absl::StatusCode::kOk);
  EXPECT_EQ(second->Refused(), "other bandwidth tests took too long");
  EXPECT_TRUE(second->HasEvidenceOf(running));
  EXPECT_FALSE(first->end.has_value());
  // It waits no more.
  first->session.Close();
  clock_.Advance(0);
  EXPECT_EQ(processes_->Records().size(), 1u);
}

TEST_F(BandwidthSessionTest, ShowsNoRunningChallengeThatHasExpired) {
  processes_->SetAuthor(nullptr);
  v1::SignedChallenge running = SampleChallenge(clock_, v1::BANDWIDTH, 1, 1);
  running.mutable_challenge()->set_expires_at_ms(clock_.WallMs() + 15'000);
  const Stream first = Open(1);
  first->Ask(Signed(running), std::string(32, 'p'));
  const Stream second = Ask(2);
  clock_.Advance(15'000);
  second->Sweep();
  ASSERT_EQ(second->Refused(), "other bandwidth tests took too long");
  EXPECT_FALSE(second->sent.back().refusal().has_running());
}

TEST_F(BandwidthSessionTest, EndsOnWhatThePeerMustNotSend) {
  for (const std::size_t size : {0u, 31u, 33u}) {
    const Stream stream = Open(1);
    stream->Ask(Challenge(1), std::string(size, 'p'));
    EXPECT_EQ(stream->EndCode(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(stream->end->message()), HasSubstr("expected 32"));
  }
  const Stream empty = Open(1);
  empty->Ask({}, std::string(32, 'p'));
  EXPECT_FALSE(empty->end->ok());
  const Stream twice = Ask(1);
  twice->Ask(Challenge(1), std::string(32, 'p'));
  EXPECT_EQ(twice->EndCode(), absl::StatusCode::kInvalidArgument);
  clock_.Advance(0);
  EXPECT_EQ(processes_->Running(), 0u);
}

TEST_F(BandwidthSessionTest, EndsOnAStrangersChallenge) {
  const Stream stranger =
      std::make_unique<BandwidthTestStream>(Peer{Filled(0x11), 99, "192.0.2.1"}, services_);
  stranger->Ask(Challenge(1), std::string(32, 'p'));
  EXPECT_EQ(stranger->EndCode(), absl::StatusCode::kPermissionDenied);
  const Stream other = Open(2);
  other->Ask(Challenge(1), std::string(32, 'p'));
  EXPECT_EQ(other->EndCode(), absl::StatusCode::kPermissionDenied);
  const Stream nowhere =
      std::make_unique<BandwidthTestStream>(Peer{SampleSlot(1).tls_pin, 1}, services_);
  nowhere->Ask(Challenge(1), std::string(32, 'p'));
  EXPECT_EQ(nowhere->EndCode(), absl::StatusCode::kInternal);
  EXPECT_TRUE(processes_->Records().empty());
}

TEST_F(BandwidthSessionTest, CutsOffAPeerThatSendsNoChallenge) {
  const Stream stream = Open(1);
  EXPECT_TRUE(stream->session.owes_messages());
  clock_.Advance(limits_.idle_ms);
  stream->Sweep();
  EXPECT_EQ(stream->EndCode(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(Ask(2)->session.owes_messages());
}

}  // namespace
}  // namespace kaisar::provider
