#include "cli/man_page.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace kaisar::cli {
namespace {

/// One line of text, in which roff sees no macro and no escape.
std::string Line(absl::string_view text) {
  const bool control = absl::StartsWith(text, ".") || absl::StartsWith(text, "'");
  return absl::StrCat(control ? "\\&" : "", absl::StrReplaceAll(text, {{"\\", "\\e"}}), "\n");
}

/// Text that is filled. Each sentence has a line, as mdoc asks; the exit status a paragraph.
std::string Filled(absl::string_view text) {
  std::string lines;
  const std::string sentences = absl::StrReplaceAll(text, {{". ", ".\n"}});
  for (absl::string_view line : absl::StrSplit(sentences, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (absl::StartsWith(line, "Exit status:") && !lines.empty()) absl::StrAppend(&lines, ".Pp\n");
    if (!line.empty()) absl::StrAppend(&lines, Line(line));
  }
  return lines;
}

/// What stands below the options: paragraphs with indented lines, as examples, stay as they are.
std::string Footer(absl::string_view footer) {
  std::string text;
  for (const absl::string_view paragraph : absl::StrSplit(footer, "\n\n", absl::SkipEmpty())) {
    absl::StrAppend(&text, ".Pp\n");
    if (!absl::StrContains(paragraph, "\n ")) {
      absl::StrAppend(&text, Filled(paragraph));
      continue;
    }
    absl::StrAppend(&text, ".Bd -literal -compact\n");
    for (const absl::string_view line : absl::StrSplit(paragraph, '\n')) {
      absl::StrAppend(&text, Line(line));
    }
    absl::StrAppend(&text, ".Ed\n");
  }
  return text;
}

/// "--config TEXT" in macros; what is asked for is not in brackets.
std::string Usage(const Option& option) {
  const std::string value =
      option.choices.empty() ? option.value : absl::StrJoin(option.choices, " | ");
  if (option.positional) return absl::StrCat("Ar ", option.names.front());
  // `Fl` writes a dash itself.
  std::vector<std::string> names;
  for (const std::string& name : option.names) {
    names.push_back(absl::StrCat("Fl ", absl::StartsWith(name, "--") ? "\\-" : "",
                                 name.substr(absl::StartsWith(name, "--") ? 2 : 1)));
  }
  return absl::StrCat(absl::StrJoin(names, " , "), value.empty() ? "" : " Ar ", value);
}

std::string Facts(const Option& option) {
  std::vector<std::string> facts;
  if (option.required) facts.push_back("required");
  if (!option.limits.empty()) facts.push_back(option.limits);
  if (!option.otherwise.empty()) facts.push_back(absl::StrCat("default ", option.otherwise));
  return facts.empty() ? "" : Line(absl::StrCat("(", absl::StrJoin(facts, "; "), ")"));
}

std::string Options(const Command& command, bool is_program) {
  std::string items;
  for (const Option& option : command.options) {
    if (!is_program && absl::StrContains(option.names.back(), "--help")) continue;
    absl::StrAppend(&items, ".It ", Usage(option), "\n", Filled(option.description), Facts(option));
  }
  if (items.empty()) return "";
  return absl::StrCat(".Bl -tag -width Ds\n", items, ".El\n");
}

std::string Commands(const Command& program) {
  std::string sections;
  for (const auto& [path, command] : Flatten(program)) {
    if (path.empty()) continue;
    absl::StrAppend(&sections, ".Ss", path, "\n", Filled(command->description),
                    Options(*command, /*is_program=*/false), Footer(command->footer));
  }
  return sections;
}

}  // namespace

std::string ManPage(const Command& program, const std::string& version, const std::string& date) {
  absl::string_view brief = program.description;
  brief = brief.substr(0, brief.find_first_of("\n:"));
  std::string title = absl::AsciiStrToUpper(program.name);
  return absl::StrCat(".Dd ", date, "\n.Dt ", title, " 1\n.Os ", program.name, " ", version,
                      "\n.Sh NAME\n.Nm ", program.name, "\n.Nd ",
                      Line(absl::StripSuffix(brief, ".")),
                      ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar option ...\n.Sh DESCRIPTION\n",
                      Filled(program.description), Options(program, /*is_program=*/true),
                      Footer(program.footer), ".Sh COMMANDS\n", Commands(program));
}

}  // namespace kaisar::cli
