#include "cli/man_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kaisar::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Whether real pages are well-formed, tests/integration/self_description_test.py asks mandoc.
std::string PageOf(const Command& command) {
  return ManPage(Command{"kaisar-tool", "Does it.", "", {}, {command}}, "1.2", "May 31, 2026");
}

TEST(ManPageTest, BeginsWithDateNameAndWhatItDoes) {
  EXPECT_THAT(PageOf({}), StartsWith(".Dd May 31, 2026\n.Dt KAISAR-TOOL 1\n.Os kaisar-tool 1.2\n"
                                     ".Sh NAME\n.Nm kaisar-tool\n.Nd Does it\n"));
}

TEST(ManPageTest, ShowsAnOptionWithItsLimitsAndDefault) {
  Option option;
  option.names = {"-n", "--count"};
  option.value = "UINT";
  option.limits = "UINT in [1 - 9]";
  option.otherwise = "3";
  option.required = true;
  option.description = "how many";
  EXPECT_THAT(PageOf({"go", "goes", "", {option}, {}}),
              HasSubstr(".Ss go\ngoes\n.Bl -tag -width Ds\n.It Fl n , Fl \\-count Ar UINT\n"
                        "how many\n(required; UINT in [1 - 9]; default 3)\n.El\n"));
}

TEST(ManPageTest, ShowsChoicesInThePlaceOfTheValue) {
  Option option;
  option.names = {"--pace"};
  option.value = "ENUM";
  option.choices = {"slow", "quick"};
  EXPECT_THAT(PageOf({"go", "goes", "", {option}, {}}),
              HasSubstr(".It Fl \\-pace Ar slow | quick\n"));
}

TEST(ManPageTest, TextIsNeverTakenForAMacroOrAnEscape) {
  const std::string page = PageOf({"go", ".Sh of\n'br\na\\fBb", "", {}, {}});
  EXPECT_THAT(page, HasSubstr("\n\\&.Sh of\n\\&'br\na\\efBb\n"));
}

TEST(ManPageTest, GivesEachSentenceALineAndTheExitStatusAParagraph) {
  EXPECT_THAT(PageOf({"go", "goes. It ends. Exit status: 0 there", "", {}, {}}),
              HasSubstr("goes.\nIt ends.\n.Pp\nExit status: 0 there\n"));
}

TEST(ManPageTest, LeavesExamplesAsTheyAreAndFillsOtherParagraphs) {
  EXPECT_THAT(PageOf({"go", "goes", "Examples:\n  go on\n\nExit\nstatus.", {}, {}}),
              HasSubstr(".Pp\n.Bd -literal -compact\nExamples:\n  go on\n.Ed\n"
                        ".Pp\nExit\nstatus.\n"));
}

TEST(ManPageTest, SaysHelpOnceForTheWholeProgram) {
  Option help;
  help.names = {"-h", "--help"};
  const std::string page =
      ManPage({"kaisar-tool", "", "", {help}, {{"go", "", "", {help}, {}}}}, "1", "May 31, 2026");
  EXPECT_THAT(page, HasSubstr(".It Fl h , Fl \\-help\n"));
  EXPECT_THAT(page.substr(page.find(".Ss go")), Not(HasSubstr("help")));
}

}  // namespace
}  // namespace kaisar::cli
