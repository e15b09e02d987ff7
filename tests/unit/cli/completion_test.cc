#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kaisar::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What the shells make of such scripts is tests/integration/self_description_test.py's.
Command Program() {
  Option out;
  out.names = {"-o", "--out"};
  out.value = "TEXT";
  out.description = "the owner's folder. It is made";
  Option pace;
  pace.names = {"--pace"};
  pace.value = "ENUM";
  pace.choices = {"slow", "quick"};
  Option file;
  file.names = {"file"};
  file.positional = true;
  Command make{"make", "make a\\b: in steps", "", {out, pace}, {}};
  Command keys{"keys", "of a slot", "", {}, {make}};
  Command read{"read", "read it", "", {file}, {}};
  return Command{"kaisar-tool", "Does it.", "", {}, {keys, read}};
}

TEST(CompletionTest, BashKnowsCommandsByTheWordsThatLeadThere) {
  const std::string script = BashCompletion(Program());
  EXPECT_THAT(script, HasSubstr("      ' keys' | ' keys make' | ' read')\n"));
  EXPECT_THAT(script, HasSubstr("        '') offered='keys read' ;;\n"));
  EXPECT_THAT(script, HasSubstr("        ' keys make') offered='-o --out --pace' ;;\n"));
  EXPECT_THAT(script, HasSubstr("complete -o default -F _kaisar_tool kaisar-tool\n"));
}

TEST(CompletionTest, BashOffersChoicesAfterAnOptionThatHasThem) {
  const std::string script = BashCompletion(Program());
  EXPECT_THAT(script, HasSubstr("    ' keys make --pace') offered='slow quick' ;;\n"));
  EXPECT_THAT(script, HasSubstr("    ' keys make -o' | ' keys make --out') offered='' ;;\n"));
}

TEST(CompletionTest, ZshQuotesWhatDescriptionsSay) {
  const std::string script = ZshCompletion(Program());
  EXPECT_THAT(script, HasSubstr("'--out:the owner'\\''s folder'"));
  EXPECT_THAT(script, HasSubstr("'make:make a\\b'"));
  EXPECT_THAT(script, HasSubstr("compadd -- slow quick; return ;;"));
}

TEST(CompletionTest, FishQuotesWhatDescriptionsSay) {
  const std::string script = FishCompletion(Program());
  EXPECT_THAT(script, HasSubstr("-s o -l out -r -F -d 'the owner\\'s folder'\n"));
  EXPECT_THAT(script, HasSubstr("-a make -d 'make a\\\\b'\n"));
  EXPECT_THAT(script, HasSubstr("-l pace -x -a 'slow quick' -d ''\n"));
}

TEST(CompletionTest, OffersFilesOnlyWhereOneIsTaken) {
  const std::string fish = FishCompletion(Program());
  EXPECT_THAT(fish, HasSubstr("\"__kaisar_tool_at ' read'\" -F -d ''\n"));
  EXPECT_THAT(fish, Not(HasSubstr("\"__kaisar_tool_at ' keys'\" -F")));
  EXPECT_THAT(ZshCompletion(Program()), HasSubstr("    ' read')\n      commands=( )\n"
                                                  "      options=( )\n      _files ;;\n"));
}

}  // namespace
}  // namespace kaisar::cli
