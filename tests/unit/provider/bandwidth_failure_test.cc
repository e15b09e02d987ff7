// Tests that come to nothing: whoever's fault it is, no process is left and the next one's turn
// comes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/unit/provider/bandwidth_fixture.h"

namespace kaisar::provider {
namespace {

using ::testing::HasSubstr;

class BandwidthFailureTest : public BandwidthFixture {
 protected:
  /// The next process does this; those after it complete.
  void Script(testing::ProcessScript script) { processes_->ScriptNext(std::move(script)); }
  static testing::ProcessScript Listens(std::uint64_t ends_after_ms, const std::string& last_line) {
    return testing::ServerScript(7501, "key", ends_after_ms, last_line);
  }
  /// What the stream was told at the end when the first process did this.
  std::string Told(testing::ProcessScript script) {
    Script(std::move(script));
    const Stream stream = Ask(++slot_);
    const Stream next = Ask(++slot_);
    clock_.Advance(0);
    clock_.Advance(12'000);  // nothing that fails here takes longer
    EXPECT_TRUE(stream->end.has_value());
    clock_.Advance(2 * kTestMs);
    EXPECT_EQ(next->EndCode(), absl::StatusCode::kOk);
    EXPECT_EQ(processes_->Running(), 0u);
    if (!stream->end.has_value()) return "nothing";
    if (stream->end->ok()) return stream->Refused();
    return stream->end->ToString();
  }
  std::uint8_t slot_ = 0;
};

TEST_F(BandwidthFailureTest, RefusesWhenNoTestCanBeOpened) {
  EXPECT_THAT(Told(SaysOnly(testing::OutcomeLine(State::kUnable, "all ports are in use"))),
              HasSubstr("no bandwidth test can be opened: all ports are in use"));
  EXPECT_THAT(Told(SaysOnly("garbage")), HasSubstr("no bandwidth test can be opened"));
  EXPECT_THAT(Told(testing::CrashScript(10, SIGSEGV)), HasSubstr("signal 11"));
  testing::ProcessScript missing;
  missing.start = absl::NotFoundError("cannot run /kaisar-iperf");
  EXPECT_EQ(Told(missing), "no bandwidth test can be opened: cannot run /kaisar-iperf");
  EXPECT_THAT(Told(SaysOnly(testing::OutcomeLine(State::kCompleted, ""))),
              HasSubstr("a result before it listened"));
}

TEST_F(BandwidthFailureTest, SaysInItsStatusWhatATestCameTo) {
  EXPECT_THAT(Told(Listens(10'000, testing::OutcomeLine(State::kTimedOut, "nobody came"))),
              HasSubstr("DEADLINE_EXCEEDED: test down timed_out: nobody came"));
  EXPECT_THAT(Told(Listens(2'000, testing::OutcomeLine(State::kBroken, "reset"))),
              HasSubstr("ABORTED: test down broken: reset"));
  EXPECT_THAT(Told(Listens(2'000, testing::OutcomeLine(State::kDenied, "wrong"))),
              HasSubstr("PERMISSION_DENIED: test down denied: wrong"));
  EXPECT_THAT(Told(Listens(2'000, "garbage")), HasSubstr("UNAVAILABLE: test down unable"));
  EXPECT_THAT(
      Told(Listens(2'000, testing::OutcomeLine(State::kCompleted, std::string(40'000, 'x')))),
      HasSubstr("UNAVAILABLE: test down unable"));
}

TEST_F(BandwidthFailureTest, SaysInItsStatusWhyTheSecondTestWasNotOpened) {
  Script(Listens(kTestMs, testing::OutcomeLine(State::kCompleted, "")));
  Script(SaysOnly(testing::OutcomeLine(State::kUnable, "all ports are in use")));
  const Stream first = Ask(1);
  clock_.Advance(kTestMs);
  EXPECT_EQ(first->sent.size(), 2u);
  EXPECT_EQ(first->end, absl::UnavailableError("test up unable: all ports are in use"));

  testing::ProcessScript missing;
  missing.start = absl::ResourceExhaustedError("no descriptors");
  Script(Listens(kTestMs, testing::OutcomeLine(State::kCompleted, "")));
  Script(missing);
  Script(missing);
  const Stream second = Ask(2);
  const Stream unlucky = Ask(3);
  const Stream lucky = Ask(4);
  clock_.Advance(kTestMs);
  EXPECT_EQ(second->end, absl::UnavailableError("test up unable: no descriptors"));
  EXPECT_EQ(unlucky->Refused(), "no bandwidth test can be opened: no descriptors");
  clock_.Advance(2 * kTestMs);
  EXPECT_EQ(lucky->EndCode(), absl::StatusCode::kOk);
}

TEST_F(BandwidthFailureTest, KillsAProcessThatDoesNotListenWhenTheCheckerHasGivenUp) {
  processes_->SetAuthor(nullptr);
  const Stream stream = Ask(1);
  clock_.Advance(15'000);
  stream->Sweep();
  EXPECT_FALSE(stream->end.has_value());
  clock_.Advance(5'000);
  stream->Sweep();
  EXPECT_EQ(stream->end, absl::UnavailableError("no bandwidth test was opened in time"));
  clock_.Advance(0);
  EXPECT_EQ(processes_->Running(), 0u);
}

TEST_F(BandwidthFailureTest, EndsAProcessThatHangsAndWhoeverIsSilent) {
  Script(testing::ServerScript(7500, "key", 10'000'000, ""));
  const Stream stream = Ask(1);
  clock_.Advance(40'000);  // 1 + 10 + 5 s until somebody comes, 16 s of test, 2 s of grace
  EXPECT_THAT(stream->end->ToString(), HasSubstr("UNAVAILABLE: test down unable: kaisar-iperf was "
                                                 "killed after"));
  EXPECT_EQ(processes_->Running(), 0u);
}

TEST_F(BandwidthFailureTest, EndsAMinuteAfterItsExpiryAtTheLatest) {
  testing::ProcessScript endless = testing::ServerScript(7500, "key", 1, "");
  endless.lines.pop_back();
  endless.ends_after_ms.reset();
  v1::SignedChallenge challenge = SampleChallenge(clock_, v1::BANDWIDTH, 1, 1);
  challenge.mutable_challenge()->set_expires_at_ms(clock_.WallMs() + 1'000);
  v1::BandwidthParams params = challenges::BandwidthParamsOf(challenge);
  params.set_start_ms(100'000);
  challenge.set_params(params.SerializeAsString());
  Script(endless);
  const Stream stream = Open(1);
  stream->Ask(Signed(challenge), std::string(32, 'p'));
  clock_.Advance(60'999);
  stream->Sweep();
  EXPECT_FALSE(stream->end.has_value());
  clock_.Advance(1);
  stream->Sweep();
  EXPECT_EQ(stream->EndCode(), absl::StatusCode::kDeadlineExceeded);
  clock_.Advance(0);
  EXPECT_EQ(processes_->Running(), 0u);
}

TEST_F(BandwidthFailureTest, GivesTheTurnOnWhenAStreamClosesInAnyState) {
  // Before it listens; while it waits for the checker or measures, each direction.
  for (const std::uint64_t after_ms : {0u, 1u, 6'100u, 6'101u}) {
    const std::uint64_t listens_ms = after_ms == 0 ? 1 : 0;
    testing::ProcessScript script =
        testing::ServerScript(7500, "key", kTestMs, testing::OutcomeLine(State::kCompleted, ""));
    script.lines.front().after_ms = listens_ms;
    Script(script);
    Stream stream = Ask(++slot_);
    const Stream next = Ask(++slot_);
    clock_.Advance(after_ms);
    EXPECT_EQ(processes_->Running(), 1u);
    const std::size_t sent = stream->sent.size();
    stream->session.Close();
    clock_.Advance(0);
    EXPECT_EQ(stream->sent.size(), sent);
    EXPECT_EQ(processes_->Running(), 1u) << after_ms;  // the next one's
    stream.reset();
    clock_.Advance(2 * kTestMs);
    EXPECT_EQ(next->EndCode(), absl::StatusCode::kOk);
    EXPECT_EQ(processes_->Running(), 0u);
  }
}

TEST_F(BandwidthFailureTest, ForgetsAStreamThatClosesWhileItWaits) {
  const Stream first = Ask(1);
  Ask(2)->session.Close();
  clock_.Advance(2 * kTestMs);
  EXPECT_EQ(first->EndCode(), absl::StatusCode::kOk);
  EXPECT_EQ(processes_->Records().size(), 2u);
}

TEST_F(BandwidthFailureTest, SaysNothingAnyMoreWhenItHasShutDown) {
  const Stream first = Ask(1);
  const Stream second = Ask(2);
  clock_.Advance(1'000);
  first->session.Close();
  second->session.Close();
  tests_.reset();
  clock_.Advance(100'000);
  EXPECT_EQ(first->sent.size(), 1u);
  EXPECT_TRUE(second->sent.empty());
}

}  // namespace
}  // namespace kaisar::provider
