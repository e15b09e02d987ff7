#include "checker/status_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <vector>

namespace kaisar::checker {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Watches while there are answers left; what was printed, and the exit status.
std::pair<std::string, int> WatchAll(const std::vector<Told>& answers, bool terminal) {
  std::size_t next = 0;
  std::ostringstream out;
  const int status = Watch(
      "head", [&] { return answers[next++]; }, [&] { return next < answers.size(); }, terminal,
      out);
  return {out.str(), status};
}

TEST(StatusWatch, PrintsOnlyWhatChangesWithoutATerminal) {
  const auto [printed, status] = WatchAll(
      {{"5 s left\n", "a", 0}, {"3 s left\n", "a", 0}, {"wrong\n", "b", 1}, {"9 s left\n", "a", 0}},
      /*terminal=*/false);
  EXPECT_EQ(printed, "5 s left\nwrong\n9 s left\n");
  EXPECT_EQ(status, 0);
}

TEST(StatusWatch, EndsAsTheLastAnswerWould) {
  EXPECT_EQ(WatchAll({{"a", "a", 0}, {"b", "b", 1}}, false).second, 1);
  EXPECT_EQ(WatchAll({{"a", "a", 2}}, true).second, 2);
}

TEST(StatusWatch, DrawsEachAnswerOverTheOneBeforeOnATerminal) {
  const auto [printed, status] =
      WatchAll({{"one\nlonger line\n", "a", 0}, {"two\n", "a", 0}}, /*terminal=*/true);
  EXPECT_THAT(printed, StartsWith("\033[?1049h"));
  EXPECT_THAT(printed, HasSubstr("\033[Hhead\033[K\n\033[K\none\033[K\nlonger line\033[K\n\033[J"
                                 "\033[Hhead\033[K\n\033[K\ntwo\033[K\n\033[J"));
  EXPECT_EQ(status, 0);
}

TEST(StatusWatch, LeavesTheLastAnswerOnTheTerminal) {
  const std::string printed = WatchAll({{"one\n", "a", 0}, {"two\n", "b", 0}}, true).first;
  EXPECT_THAT(printed, EndsWith("\033[?1049ltwo\n"));
}

}  // namespace
}  // namespace kaisar::checker
