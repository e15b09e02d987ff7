// The rules of docs/judging.md that hold for every kind, and those of latency: 1 to 11.
#include "challenges/judge.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <vector>

#include "base/sha256.h"
#include "tests/unit/challenges/judge_case.h"

namespace kaisar::challenges {
namespace {

class LatencyJudge : public JudgeCase {
 protected:
  LatencyJudge() {
    Issue(v1::LATENCY);
    AnswerPings(16, device_key_);
  }
};

/// Refusals by a device that is asked for a matmul proof.
class RefusalJudge : public JudgeCase {
 protected:
  RefusalJudge() {
    Issue(v1::MATMUL);
    closed_.set_transport(v1::DECLINED);
  }

  /// The verdict on a refusal that shows another slot's challenge, changed and signed again.
  Judgement Showing(const std::function<void(v1::SignedChallenge&)>& change,
                    std::uint32_t due_ms = 900) {
    v1::SignedChallenge shown = OthersChallenge(due_ms);
    change(shown);
    *closed_.mutable_refusal()->mutable_running() = shown;
    return Judged();
  }
};

constexpr auto kAsItIs = [](v1::SignedChallenge&) {};

TEST_F(LatencyJudge, PassesWhatIsInOrder) {
  EXPECT_EQ(Judged(), Passed());
}

TEST_F(LatencyJudge, CallsWhatWasNeverSentStopped) {
  closed_.set_transport(v1::NOT_SENT);
  closed_.set_sent_ms(0);
  EXPECT_EQ(Judged(), Inconclusive(v1::STOPPED));
  EXPECT_EQ(Judge({key_, roster_, policy_, 3, kBeaconMs}, {nullptr, nullptr, &closed_}),
            Inconclusive(v1::STOPPED));
}

TEST_F(LatencyJudge, CallsWhatWasGivenUpOverloaded) {
  closed_.set_transport(v1::NOT_SENT);
  closed_.set_sent_ms(3001);
  EXPECT_EQ(Judge({key_, roster_, policy_, 3, kBeaconMs}, {nullptr, nullptr, &closed_}),
            Inconclusive(v1::CHECKER_OVERLOADED));
}

TEST_F(LatencyJudge, CallsWhatWasSentLaterThanTheSlackOverloaded) {
  closed_.set_sent_ms(3000);
  EXPECT_EQ(Judged(), Passed());
  closed_.set_sent_ms(3001);
  EXPECT_EQ(Judged(), Inconclusive(v1::CHECKER_OVERLOADED));
  Lose(v1::DEADLINE);
  EXPECT_EQ(Judged(), Inconclusive(v1::CHECKER_OVERLOADED));  // before anything of the device
}

TEST_F(LatencyJudge, CallsWhatTheCheckerGaveUpOverloadedWhateverCameOfIt) {
  closed_.set_transport(v1::ABANDONED);
  EXPECT_EQ(Judged(), Inconclusive(v1::CHECKER_OVERLOADED));
  closed_.clear_latency();
  EXPECT_EQ(Judged(), Inconclusive(v1::CHECKER_OVERLOADED));
}

TEST_F(LatencyJudge, CallsADriftOfTheClocksEitherWayAStep) {
  for (const std::int64_t step :
       {std::int64_t{1001}, std::int64_t{-1001}, std::numeric_limits<std::int64_t>::min(),
        std::numeric_limits<std::int64_t>::max()}) {
    closed_.set_clock_step_ms(step);
    EXPECT_EQ(Judged(), Inconclusive(v1::CLOCK_STEPPED)) << step;
  }
  for (const std::int64_t step : {1000, -1000}) {
    closed_.set_clock_step_ms(step);
    EXPECT_EQ(Judged(), Passed()) << step;
  }
}

TEST_F(LatencyJudge, FailsNobodyOnRecordsThatContradictThemselves) {
  const std::vector<std::function<void()>> changes = {
      [&] { issued_.mutable_challenge()->mutable_challenge()->set_challenge_id("short"); },
      [&] { issued_.mutable_challenge()->clear_params(); },
      [&] { issued_.clear_challenge(); },
      [&] { closed_.set_challenge_id(std::string(32, '\x01')); },
      [&] { closed_.set_device(6); },
      [&] { closed_.set_kind(v1::MATMUL); },
      [&] { closed_.set_kind(v1::BANDWIDTH); },
      [&] { issued_.mutable_challenge()->mutable_challenge()->set_slot(9); },
      [&] { closed_.set_transport(v1::TRANSPORT_UNSPECIFIED); },
      [&] { closed_.set_transport(static_cast<v1::Transport>(99)); },
      [&] { closed_.clear_latency(); },
      [&] { roster_.mutable_devices(0)->set_id(4); },
      [&] { roster_.mutable_devices(0)->set_device_class("abacus"); },
      [&] { roster_.mutable_devices(0)->set_key("short"); },
      [&] { roster_.set_contract("short"); }};
  const v1::ChallengeIssued issued = issued_;
  const v1::ChallengeClosed closed = closed_;
  const v1::Roster roster = roster_;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    changes[i]();
    EXPECT_EQ(Judged(), Inconclusive(v1::STOPPED)) << "change " << i;
    issued_ = issued;
    closed_ = closed;
    roster_ = roster;
  }
  EXPECT_EQ(Judge({key_, roster_, policy_, 3, kBeaconMs}, {nullptr, nullptr, &closed_}),
            Inconclusive(v1::STOPPED));
}

TEST_F(LatencyJudge, BlamesTheCheckerWhenNothingAtAllWasReachable) {
  for (const v1::Transport transport : {v1::NO_CONNECTION, v1::BROKEN, v1::DEADLINE}) {
    Lose(transport);
    closed_.mutable_reachability()->set_devices_heard(0);
    closed_.mutable_reachability()->set_endpoints_tried(3);
    EXPECT_EQ(Judged(), Inconclusive(v1::CHECKER_OFFLINE));
    closed_.mutable_reachability()->set_endpoints_reached(1);
    EXPECT_EQ(Judged().verdict, v1::FAIL);
  }
}

TEST_F(LatencyJudge, FailsNobodyWhenTheCheckerDidNotLookForOthers) {
  for (const v1::Transport transport : {v1::NO_CONNECTION, v1::BROKEN, v1::DEADLINE}) {
    Lose(transport);
    closed_.clear_reachability();
    EXPECT_EQ(Judged(), Inconclusive(v1::CHECKER_OFFLINE));
  }
}

TEST_F(LatencyJudge, NamesWhatBecameOfTheCall) {
  Lose(v1::NO_CONNECTION);
  EXPECT_EQ(Judged(), Failed(v1::UNREACHABLE));
  Lose(v1::BROKEN);
  EXPECT_EQ(Judged(), Failed(v1::UNREACHABLE));
  Lose(v1::DEADLINE);
  EXPECT_EQ(Judged(), Failed(v1::TIMED_OUT));
  Lose(v1::VIOLATION);
  EXPECT_EQ(Judged(), Failed(v1::MALFORMED));
  Lose(v1::DECLINED);
  EXPECT_EQ(Judged(), Failed(v1::REFUSED));
}

TEST_F(LatencyJudge, TakesNoCollisionAsAnExcuseForNotAnsweringPings) {
  Lose(v1::DECLINED);
  *closed_.mutable_refusal()->mutable_running() = OthersChallenge(900);
  EXPECT_EQ(Judged(), Failed(v1::REFUSED));
}

TEST_F(LatencyJudge, CallsAnEchoOfNoPingOrOfOneTwiceMalformed) {
  v1::LatencyEvidence::Echo& last = *closed_.mutable_latency()->mutable_echoes(15);
  last.set_ping(16);
  EXPECT_EQ(Judged(), Failed(v1::MALFORMED));
  last.set_ping(14);
  EXPECT_EQ(Judged(), Failed(v1::MALFORMED));
}

TEST_F(LatencyJudge, WantsTheTranscriptSignedByTheDeviceOverWhatCameBack) {
  AnswerPings(16, slot_key_);
  EXPECT_EQ(Judged(), Failed(v1::SIGNATURE_INVALID));
  AnswerPings(16, device_key_);
  closed_.mutable_latency()->mutable_echoes()->SwapElements(0, 1);
  EXPECT_EQ(Judged(), Failed(v1::SIGNATURE_INVALID));
  closed_.mutable_latency()->mutable_transcript()->clear_signature();
  EXPECT_EQ(Judged(), Failed(v1::SIGNATURE_INVALID));
}

TEST_F(LatencyJudge, WantsATranscriptOfThisChallenge) {
  issued_.mutable_challenge()->mutable_challenge()->set_epoch(8);
  EXPECT_EQ(Judged(), Failed(v1::SIGNATURE_INVALID));
}

TEST_F(LatencyJudge, WantsHalfOfThePingsBack) {
  AnswerPings(8, device_key_);
  EXPECT_EQ(Judged(), Passed());
  AnswerPings(7, device_key_);
  EXPECT_EQ(Judged(), Failed(v1::TIMED_OUT));
  AnswerPings(0, device_key_);
  EXPECT_EQ(Judged(), Failed(v1::TIMED_OUT));
}

TEST_F(RefusalJudge, CallsABareRefusalRefused) {
  EXPECT_EQ(Judged(), Failed(v1::REFUSED));
}

TEST_F(RefusalJudge, AcceptsAnotherSlotsChallengeAsTheReason) {
  EXPECT_EQ(Showing(kAsItIs), Inconclusive(v1::DEVICE_CHALLENGED));
}

TEST_F(RefusalJudge, AcceptsNoChallengeThatHasExpired) {
  // Expires 2000 + 10000 + 5000 ms after it was due; the device was asked at 1010.
  closed_.set_due_ms(17'000);
  closed_.set_sent_ms(17'000);
  EXPECT_EQ(Showing(kAsItIs, 0), Inconclusive(v1::DEVICE_CHALLENGED));
  closed_.set_sent_ms(17'001);
  EXPECT_EQ(Showing(kAsItIs, 0), Failed(v1::REFUSED));
}

TEST_F(RefusalJudge, AcceptsNoChallengeSignedAheadOfItsTime) {
  // Closed at 1410, and 2000 ms for the difference of the clocks.
  EXPECT_EQ(Showing(kAsItIs, 3410), Inconclusive(v1::DEVICE_CHALLENGED));
  EXPECT_EQ(Showing(kAsItIs, 3411), Failed(v1::REFUSED));
}

TEST_F(RefusalJudge, AcceptsNoChallengeOfOurOwn) {
  v1::SignedChallenge own = issued_.challenge();
  *closed_.mutable_refusal()->mutable_running() = own;
  EXPECT_EQ(Judged(), Failed(v1::REFUSED));
}

TEST_F(RefusalJudge, AcceptsNoChallengeThatTheOtherSlotDidNotSign) {
  EXPECT_EQ(Showing([&](v1::SignedChallenge& c) { SignChallenge(device_key_, domain_, c); }),
            Failed(v1::REFUSED));
  EXPECT_EQ(Showing([&](v1::SignedChallenge& c) {
              SignChallenge(other_slot_key_, {1, domain_.contract}, c);
            }),
            Failed(v1::REFUSED));
}

TEST_F(RefusalJudge, AcceptsNoChallengeOfAnotherDeviceEpochSlotOrKind) {
  const std::vector<std::function<void(v1::Challenge&)>> changes = {
      [](v1::Challenge& c) { c.set_device(6); }, [](v1::Challenge& c) { c.set_epoch(6); },
      [](v1::Challenge& c) { c.set_slot(4); }, [](v1::Challenge& c) { c.set_slot(3); }};
  for (const auto& change : changes) {
    EXPECT_EQ(Showing([&](v1::SignedChallenge& c) {
                change(*c.mutable_challenge());
                SignChallenge(other_slot_key_, domain_, c);
              }),
              Failed(v1::REFUSED));
  }
  const v1::SignedChallenge latency = [&] {
    EpochScope scope = SampleScope();
    scope.slot = 9;
    v1::SignedChallenge made = MakeChallenge(key_, scope, kBeaconMs, {900, 5, 0, v1::LATENCY},
                                             roster_.devices(0), policy_);
    SignChallenge(other_slot_key_, domain_, made);
    return made;
  }();
  EXPECT_EQ(Showing([&](v1::SignedChallenge& c) { c = latency; }), Failed(v1::REFUSED));
}

TEST_F(RefusalJudge, AcceptsNoChallengeWithoutTheFormOfOne) {
  EXPECT_EQ(Showing([&](v1::SignedChallenge& c) { c.mutable_params()->append("x"); }),
            Failed(v1::REFUSED));
  EXPECT_EQ(Showing([&](v1::SignedChallenge& c) { c.clear_signature(); }), Failed(v1::REFUSED));
  EXPECT_EQ(Showing([&](v1::SignedChallenge& c) { c.mutable_challenge()->clear_seed(); }),
            Failed(v1::REFUSED));
}

}  // namespace
}  // namespace kaisar::challenges
