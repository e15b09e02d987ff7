#include "checker/local_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace kaisar::checker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

LocalStatus Sound() {
  LocalStatus status;
  status.slot = 3;
  status.epoch = 9;
  status.left_s = 40;
  status.data_dir = "data";
  status.last_log = 9;
  status.last_report = 8;
  status.runs_as = "process 12 (kaisar-checker)";
  status.has_signatures = true;
  return status;
}

std::string ProblemOf(const LocalStatus& status) {
  const std::vector<Problem> problems = FindLocalProblems(status);
  EXPECT_EQ(problems.size(), 1u);
  return problems.empty() ? ""
                          : problems[0].code + ": " + problems[0].what + " / " + problems[0].next;
}

TEST(LocalStatus, SaysWhatThereIsAndThatAllIsWell) {
  EXPECT_EQ(LocalStatusText(Sound(), FindLocalProblems(Sound())),
            "slot       3, of a roster file\nepoch      9, 40 s left\n"
            "log        epoch 9, data/epoch-9.log\nreport     epoch 8, data/epoch-8.report.json\n"
            "process    process 12 (kaisar-checker)\n\nall is well\n");
}

TEST(LocalStatus, SaysWhatIsWrong) {
  LocalStatus status = Sound();
  status.runs_as = "";
  EXPECT_THAT(ProblemOf(status), HasSubstr("not_running: no checker runs"));
  status = Sound();
  status.has_signatures = false;
  EXPECT_THAT(ProblemOf(status), AllOf(HasSubstr("no_signatures: "), HasSubstr("init-signatures")));
  status = Sound();
  status.last_log = 7;
  status.last_report = 6;
  EXPECT_THAT(ProblemOf(status), HasSubstr("epoch_unreported: epoch 7 has a log and no report"));
  status.epoch = 8;  // it is being made
  EXPECT_TRUE(FindLocalProblems(status).empty());
}

TEST(LocalStatus, KnowsATimeBeforeTheFirstEpoch) {
  LocalStatus status = Sound();
  status.epoch.reset();
  status.last_log.reset();
  status.last_report.reset();
  const std::string text = LocalStatusText(status, FindLocalProblems(status));
  EXPECT_THAT(text, HasSubstr("begins in 40 s"));
  EXPECT_THAT(text, HasSubstr("report     none yet"));
}

TEST(LocalStatus, SaysTheSameAsJson) {
  LocalStatus status = Sound();
  status.last_report.reset();
  const auto json = nlohmann::json::parse(LocalStatusJson(status, FindLocalProblems(status)));
  EXPECT_EQ(json["epoch"], 9);
  EXPECT_EQ(json["window_left_s"], 40);
  EXPECT_TRUE(json["last_report"].is_null());
  EXPECT_TRUE(json["problems"].empty());
}

}  // namespace
}  // namespace kaisar::checker
