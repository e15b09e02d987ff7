// Invariant 5: whatever crashes happen between its steps, a slot signs one report of an epoch, and
// the report is accepted.

#include <gtest/gtest.h>

#include "tests/unit/reporter/submitter_scene.h"

namespace kaisar::reporter {
namespace {

struct Crash {};

/// Runs an epoch and ends the submitter at the n-th point, and every so many points after it (0:
/// never again). Each change of the outbox is one, each handing in, before and after it, the calls
/// of the chain next to these, and some of the many other calls. Result: whether there was one.
bool AcceptsTheReportThroughACrashAt(int point, int every) {
  SubmitterScene scene;
  int seen = 0;
  int calls = 0;  // since the last change
  const auto pass = [&] {
    ++seen;
    if (seen == point || (every > 0 && seen > point && (seen - point) % every == 0)) throw Crash();
  };
  const auto change = [&] {
    calls = 0;
    pass();
  };
  scene.Start();
  scene.Add(scene.MakeReport(0));
  scene.RunUntil(scene.schedule().end(0) - 1);
  scene.chain().before = [&](absl::string_view method) {
    if (method == "Send" || calls++ % 40 == 0) pass();
    return absl::OkStatus();
  };
  scene.chain().after_send = change;
  scene.outbox_written = change;
  const int crashes = scene.RunUntilThroughCrashes<Crash>(scene.schedule().settle_begin(0) + 40);
  scene.chain().before = [](absl::string_view) { return absl::OkStatus(); };
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kDone) << "point " << point << scene.AllNotices();
  EXPECT_EQ(scene.Included(kCommit), 1) << "point " << point;
  EXPECT_EQ(scene.Included(kReveal), 1) << "point " << point;
  // The same bytes at each try: nothing was signed twice.
  EXPECT_EQ(scene.HandedIn(kCommit), 1) << "point " << point;
  EXPECT_EQ(scene.HandedIn(kReveal), 1) << "point " << point;
  // The store still refuses another report.
  audit::Report other = scene.MakeReport(0).report;
  other.transcript_root.fill(2);
  EXPECT_FALSE(scene.signatures().Sign(other, scene.key()).ok());
  return crashes > 0;
}

TEST(SubmitterCrash, AtAnyPointCostsNoReportAndSignsNothingTwice) {
  int points = 0;
  while (AcceptsTheReportThroughACrashAt(points + 1, 0) && !HasFailure()) ++points;
  EXPECT_GT(points, 40);
}

TEST(SubmitterCrash, AgainAndAgainCostsNoReportEither) {
  for (const int every : {5, 7, 11}) {
    for (int point = 1; point < 5; ++point) {
      AcceptsTheReportThroughACrashAt(point, every);
      if (HasFailure()) return;
    }
  }
}

TEST(SubmitterCrash, InEachStageGoesOnAfterARestart) {
  SubmitterScene scene;
  scene.Start();
  scene.Add(scene.MakeReport(0));
  // A restart each second.
  for (std::uint64_t at = scene.schedule().begin(0); at < scene.schedule().settle_begin(0) + 40;
       ++at) {
    scene.RunUntil(at);
    scene.Restart();
  }
  scene.RunUntil(scene.schedule().settle_begin(0) + 42);
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kDone) << scene.AllNotices();
  EXPECT_EQ(scene.HandedIn(kCommit), 1);
  EXPECT_EQ(scene.HandedIn(kReveal), 1);
}

}  // namespace
}  // namespace kaisar::reporter
