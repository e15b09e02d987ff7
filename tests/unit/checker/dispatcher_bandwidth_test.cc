// What becomes of a bandwidth challenge, whatever the device and the checker's own process do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include "base/hex.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/bandwidth/throughput.h"
#include "challenges/plan.h"
#include "tests/support/iperf_scripts.h"
#include "tests/unit/checker/dispatch_scene.h"

namespace kaisar::testing {
namespace {

using challenges::IperfOutcome;
using challenges::IperfTask;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t kSent = 1'100'000'000;  // a tenth above what counts of the claim

v1::ChallengeClosed RunOne(DispatchScene& scene) {
  scene.Begin({Planned(100, 1, v1::BANDWIDTH)});
  scene.RunFor(40'000);
  EXPECT_EQ(scene.processes.Running(), 0u);
  return scene.outcomes.size() == 1 ? scene.outcomes[0] : v1::ChallengeClosed();
}

TEST(DispatcherBandwidth, MeasuresAnHonestDeviceBothWays) {
  DispatchScene scene(1);
  const v1::ChallengeClosed closed = RunOne(scene);
  ASSERT_EQ(closed.verdict(), v1::PASS) << closed.ShortDebugString();
  const v1::BandwidthEvidence& evidence = closed.bandwidth();
  ASSERT_EQ(evidence.tests_size(), 2);
  EXPECT_EQ(evidence.tests(0).direction(), v1::DOWN);
  EXPECT_EQ(evidence.tests(1).direction(), v1::UP);
  for (const auto& test : evidence.tests()) {
    EXPECT_EQ(test.opened().port(), FakeProviderClient::TestPort(1));
    EXPECT_EQ(test.measured().direction(), test.direction());
    EXPECT_TRUE(challenges::ParseTestCounts(test.checker_result()).ok()) << test.checker_result();
    EXPECT_EQ(test.waited_ms(), 0u);
  }
  EXPECT_EQ(evidence.checker_out_bits_per_second(), 2'000'000'000u);
  EXPECT_EQ(evidence.checker_in_bits_per_second(), 2'000'000'000u);
  const auto rates = challenges::RatesOf(evidence);
  ASSERT_TRUE(rates.ok()) << rates.status();
  EXPECT_EQ(rates->down_bits_per_second, 500'000'000u);  // what the device says it received
  EXPECT_EQ(rates->up_bits_per_second, kSent);
}

TEST(DispatcherBandwidth, TellsItsProcessWhatTheDeviceOpened) {
  DispatchScene scene(1);
  RunOne(scene);
  const std::vector<FakeProcessRecord> records = scene.processes.Records();
  ASSERT_THAT(records, SizeIs(2));
  const Digest id = challenges::ChallengeId(scene.epoch().scope, Planned(100, 1, v1::BANDWIDTH));
  for (std::size_t i = 0; i < 2; ++i) {
    const IperfTask task = TaskOf(records[i].spec);
    EXPECT_EQ(records[i].spec.argv[0], "/usr/libexec/kaisar-iperf");
    EXPECT_EQ(task.role, IperfTask::Role::kClient);
    EXPECT_EQ(task.direction, i == 0 ? v1::DOWN : v1::UP);
    EXPECT_EQ(task.host, "192.0.2.7");
    EXPECT_THAT(task.ports, ::testing::ElementsAre(FakeProviderClient::TestPort(1)));
    EXPECT_EQ(task.user, ToHex(id));
    EXPECT_EQ(task.password, ToHex(challenges::IperfPassword(scene.epoch().key, id)));
    EXPECT_EQ(task.rsa_public_key, "a key");
    EXPECT_EQ(task.seconds, 2u);
    EXPECT_EQ(task.streams, 1u);
    EXPECT_EQ(task.bits_per_second, kSent);
    EXPECT_EQ(task.start_ms, challenges::kTestStartMs);
    EXPECT_EQ(task.limit_ms, 13'000u);
  }
}

struct Case {
  const char* name;
  void (*misbehave)(FakeBehaviour&);
  v1::Verdict verdict;
  v1::Reason reason;
};

class HostileDevice : public ::testing::TestWithParam<Case> {};

TEST_P(HostileDevice, HasItsVerdict) {
  DispatchScene scene(2);
  GetParam().misbehave(scene.client.behaviour(1));
  const v1::ChallengeClosed closed = RunOne(scene);
  EXPECT_EQ(closed.verdict(), GetParam().verdict) << closed.ShortDebugString();
  EXPECT_EQ(closed.reason(), GetParam().reason) << closed.ShortDebugString();
}

INSTANTIATE_TEST_SUITE_P(
    DispatcherBandwidth, HostileDevice,
    ::testing::Values(
        Case{"Unreachable", [](FakeBehaviour& b) { b.reachable = false; }, v1::FAIL,
             v1::UNREACHABLE},
        Case{"NeverOpens", [](FakeBehaviour& b) { b.silent = true; }, v1::FAIL, v1::TIMED_OUT},
        Case{"OpensAfterTheDeadline", [](FakeBehaviour& b) { b.opens_ms = 1001; }, v1::FAIL,
             v1::TIMED_OUT},
        Case{"OpensJustInTime", [](FakeBehaviour& b) { b.opens_ms = 990; }, v1::PASS, v1::NONE},
        Case{"Refuses", [](FakeBehaviour& b) { b.declines = true; }, v1::FAIL, v1::REFUSED},
        Case{"BreaksInATest", [](FakeBehaviour& b) { b.breaks_in_test = true; }, v1::FAIL,
             v1::UNREACHABLE},
        Case{"ClosesHalfWay", [](FakeBehaviour& b) { b.opens_down_only = true; }, v1::FAIL,
             v1::UNREACHABLE},
        Case{"IsSilentAfterATest", [](FakeBehaviour& b) { b.silent_after_test = true; }, v1::FAIL,
             v1::TIMED_OUT},
        Case{"ForgesItsSignature", [](FakeBehaviour& b) { b.forges_signatures = true; }, v1::FAIL,
             v1::SIGNATURE_INVALID},
        Case{"ReportsWhatWasNeverTested", [](FakeBehaviour& b) { b.reports_untested = true; },
             v1::FAIL, v1::MALFORMED},
        Case{"IsDoneBeforeTheChecker", [](FakeBehaviour& b) { b.reports_first = true; }, v1::PASS,
             v1::NONE}),
    [](const auto& which) { return which.param.name; });

std::uint64_t DownRateReporting(std::uint32_t percent) {
  DispatchScene scene(1);
  scene.client.behaviour(1).received_bytes = kSent / 8 * 2;
  scene.client.behaviour(1).reports_percent = percent;
  const v1::ChallengeClosed closed = RunOne(scene);
  EXPECT_EQ(closed.verdict(), v1::PASS) << closed.ShortDebugString();
  const auto rates = challenges::RatesOf(closed.bandwidth());
  EXPECT_TRUE(rates.ok()) << rates.status();
  return rates.ok() ? rates->down_bits_per_second : 0;
}

TEST(DispatcherBandwidth, GainsADeviceNothingThatReportsTenTimes) {
  EXPECT_EQ(DownRateReporting(1000), kSent);
}

TEST(DispatcherBandwidth, TakesADeviceAtItsWordThatReportsLess) {
  EXPECT_EQ(DownRateReporting(50), kSent / 2);
}

TEST(DispatcherBandwidth, KeepsTheChallengeThatARefusalShows) {
  DispatchScene scene(1);
  v1::SignedChallenge running;
  running.set_params("of another slot");
  scene.client.behaviour(1).shows_running = running;
  const v1::ChallengeClosed closed = RunOne(scene);
  EXPECT_EQ(closed.transport(), v1::DECLINED);
  EXPECT_EQ(closed.refusal().running().params(), "of another slot");
  EXPECT_THAT(scene.processes.Records(), IsEmpty());
}

/// The closing record when the checker's first process does this.
v1::ChallengeClosed RunWith(ProcessScript script) {
  DispatchScene scene(2);
  scene.processes.ScriptNext(std::move(script));
  return RunOne(scene);
}

ProcessScript Ending(IperfOutcome::State state) {
  return ClientScript(700, OutcomeLine(state, "as a test says"));
}

TEST(DispatcherBandwidth, FailsADeviceForWhatItsEndOfATestDid) {
  const auto reason = [](IperfOutcome::State state) { return RunWith(Ending(state)).reason(); };
  EXPECT_EQ(reason(IperfOutcome::State::kNoConnection), v1::UNREACHABLE);
  EXPECT_EQ(reason(IperfOutcome::State::kBroken), v1::UNREACHABLE);
  EXPECT_EQ(reason(IperfOutcome::State::kTimedOut), v1::TIMED_OUT);
  EXPECT_EQ(reason(IperfOutcome::State::kDenied), v1::REFUSED);
}

TEST(DispatcherBandwidth, KeepsWhatItsProcessSaidOfAFailedTest) {
  const v1::ChallengeClosed closed = RunWith(Ending(IperfOutcome::State::kTimedOut));
  EXPECT_EQ(closed.detail(), "as a test says");
  ASSERT_EQ(closed.bandwidth().tests_size(), 1);
  EXPECT_THAT(closed.bandwidth().tests(0).checker_result(), HasSubstr("as a test says"));
}

TEST(DispatcherBandwidth, BlamesNoDeviceForItsOwnProcess) {
  ProcessScript garbage;
  garbage.lines = {{10, "Segmentation fault"}};
  garbage.ends_after_ms = 20;
  ProcessScript missing;
  missing.start = absl::NotFoundError("/usr/libexec/kaisar-iperf: no such file");
  ProcessScript full;
  full.start = absl::ResourceExhaustedError("no descriptors are left");
  const std::vector<ProcessScript> scripts = {
      ProcessScript(),  // hangs
      CrashScript(500, SIGSEGV), garbage, missing, full, Ending(IperfOutcome::State::kUnable)};
  for (const ProcessScript& script : scripts) {
    const v1::ChallengeClosed closed = RunWith(script);
    EXPECT_EQ(closed.transport(), v1::ABANDONED) << closed.ShortDebugString();
    EXPECT_EQ(closed.reason(), v1::CHECKER_OVERLOADED) << closed.ShortDebugString();
    EXPECT_NE(closed.detail(), "");
  }
}

TEST(DispatcherBandwidth, LetsItsProcessEndWhenTheDeviceEndsTheCall) {
  DispatchScene scene(2);
  scene.client.behaviour(1).breaks_in_test = true;
  const v1::ChallengeClosed closed = RunOne(scene);
  EXPECT_EQ(closed.reason(), v1::UNREACHABLE) << closed.ShortDebugString();
  const std::vector<FakeProcessRecord> records = scene.processes.Records();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].end.cause, ProcessEnd::Cause::kExited);
}

// A device whose server nobody came to ends the call, and is right.
TEST(DispatcherBandwidth, BlamesNoDeviceThatEndedTheCallWhileItsOwnProcessHung) {
  DispatchScene scene(2);
  scene.client.behaviour(1).breaks_in_test = true;
  scene.processes.ScriptNext(ProcessScript());
  const v1::ChallengeClosed closed = RunOne(scene);
  EXPECT_EQ(closed.transport(), v1::ABANDONED) << closed.ShortDebugString();
  EXPECT_EQ(closed.reason(), v1::CHECKER_OVERLOADED) << closed.ShortDebugString();
}

TEST(DispatcherBandwidth, BlamesNoDeviceForATestDuringWhichItWasHeldUp) {
  DispatchScene scene(1);
  scene.Begin({Planned(100, 1, v1::BANDWIDTH)});
  scene.RunFor(1000);
  ASSERT_EQ(scene.processes.Running(), 1u);
  scene.clock.Advance(10'000);
  scene.RunFor(20'000);
  ASSERT_THAT(scene.outcomes, SizeIs(1));
  EXPECT_EQ(scene.outcomes[0].reason(), v1::CHECKER_OVERLOADED);
}

TEST(DispatcherBandwidth, EndsItsTestsWithTheEpoch) {
  for (const std::uint32_t before_end_ms : {10u, 50u, 1000u, 3100u, 5000u}) {
    DispatchScene scene(1);
    const auto end_ms = static_cast<std::uint32_t>(scene.epoch().scope.epoch_ms);
    scene.Begin({Planned(end_ms - before_end_ms, 1, v1::BANDWIDTH)});
    scene.RunFor(end_ms + 1500);
    EXPECT_TRUE(scene.dispatcher->finished()) << before_end_ms;
    EXPECT_EQ(scene.processes.Running(), 0u);
    ASSERT_THAT(scene.outcomes, SizeIs(1)) << before_end_ms;
    EXPECT_EQ(scene.outcomes[0].reason(), v1::CHECKER_OVERLOADED);
    EXPECT_THAT(scene.outcomes[0].detail(), HasSubstr("the epoch ended before"));
  }
}

TEST(DispatcherBandwidth, LeavesNoProcessToTheNextEpochOfACallThatTheDeviceEnded) {
  DispatchScene scene(1);
  scene.client.behaviour(1).breaks_in_test = true;
  const auto end_ms = static_cast<std::uint32_t>(scene.epoch().scope.epoch_ms);
  scene.Begin({Planned(end_ms - 1000, 1, v1::BANDWIDTH)});
  scene.RunFor(end_ms - 100);
  EXPECT_EQ(scene.processes.Running(), 1u);
  scene.RunFor(1300);  // it would have run for two seconds more
  EXPECT_EQ(scene.processes.Running(), 0u);
  EXPECT_TRUE(scene.dispatcher->finished());
}

TEST(DispatcherBandwidth, LeavesNoProcessBehindWhenItStops) {
  DispatchScene scene(1);
  scene.Begin({Planned(100, 1, v1::BANDWIDTH)});
  scene.RunFor(1000);
  ASSERT_EQ(scene.processes.Running(), 1u);
  scene.dispatcher->Stop();
  EXPECT_TRUE(scene.dispatcher->finished());
  scene.RunFor(10);
  EXPECT_EQ(scene.processes.Running(), 0u);
  EXPECT_THAT(scene.outcomes, IsEmpty());
  EXPECT_EQ(scene.Closed(1, v1::BANDWIDTH), nullptr) << "left to the next run";
}

TEST(DispatcherBandwidth, LeavesNoProcessBehindWhenItGoes) {
  DispatchScene scene(1);
  scene.Begin({Planned(100, 1, v1::BANDWIDTH)});
  scene.RunFor(1000);
  ASSERT_EQ(scene.processes.Running(), 1u);
  scene.dispatcher.reset();
  scene.clock.Advance(1);
  EXPECT_EQ(scene.processes.Running(), 0u);
  scene.clock.Advance(20'000);  // nothing comes back to what is gone
}

TEST(DispatcherBandwidth, ClosesWhatARunBeforeBeganAsStopped) {
  DispatchScene scene(1);
  scene.clock.Advance(5000);
  checker::ResumePoint resume;
  resume.live_from_ms = 5000;
  resume.issued[0].issued.set_sequence(0);
  scene.Begin({Planned(100, 1, v1::BANDWIDTH), Planned(5100, 1, v1::LATENCY)}, resume);
  scene.RunFor(2000);
  EXPECT_EQ(scene.Closed(1, v1::BANDWIDTH)->reason(), v1::STOPPED);
  EXPECT_EQ(scene.Closed(1, v1::LATENCY)->verdict(), v1::PASS);
  EXPECT_THAT(scene.processes.Records(), IsEmpty());
}

}  // namespace
}  // namespace kaisar::testing
