// The one place where CLI11 is asked what it has been told.
#include "cli/self_description.h"

#include <CLI/CLI.hpp>
#include <map>
#include <memory>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cli/completion.h"
#include "cli/man_page.h"

namespace kaisar::cli {
namespace {

/// The words of "value in {always->1,auto->0} OR {1,0}", as transformers describe what they take.
std::vector<std::string> Choices(const std::string& type) {
  const std::size_t begin = type.find('{');
  const std::size_t end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos) return {};
  std::vector<std::string> choices;
  for (const auto choice : absl::StrSplit(type.substr(begin + 1, end - begin - 1), ',')) {
    choices.push_back(std::string(choice.substr(0, choice.find("->"))));
  }
  return choices;
}

Option DescribeOption(const CLI::Option& given) {
  Option option;
  for (const std::string& name : given.get_snames()) option.names.push_back("-" + name);
  for (const std::string& name : given.get_lnames()) option.names.push_back("--" + name);
  option.positional = !given.nonpositional();
  if (option.positional) option.names = {given.get_name(/*positional=*/true)};
  option.required = given.get_required();
  option.description = given.get_description();
  if (given.get_items_expected_max() == 0) return option;
  const std::string type = given.get_type_name();  // "UINT:UINT in [1 - 64]"
  const std::size_t colon = type.find(':');
  option.value = type.substr(0, colon);
  option.choices = Choices(type);
  if (colon != std::string::npos && option.choices.empty()) option.limits = type.substr(colon + 1);
  option.otherwise = given.get_default_str();
  return option;
}

/// Groups of options are unnamed commands to CLI11.
void AddOptions(const CLI::App& app, Command& command) {
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) command.options.push_back(DescribeOption(*option));
  }
  for (const CLI::App* group :
       app.get_subcommands([](const CLI::App* each) { return each->get_name().empty(); })) {
    AddOptions(*group, command);
  }
}

/// App::exit ends the last line.
[[noreturn]] void EndWith(const std::string& text) {
  throw CLI::CallForVersion(std::string(absl::StripSuffix(text, "\n")), 0);
}

}  // namespace

Command Describe(const CLI::App& app) {
  Command command;
  command.name = app.get_name();
  command.description = app.get_description();
  // A command has the footer of the one above it unless it was given its own.
  const CLI::App* above = app.get_parent();
  if (above == nullptr || above->get_footer() != app.get_footer()) {
    command.footer = app.get_footer();
  }
  AddOptions(app, command);
  for (const CLI::App* below : app.get_subcommands([](const CLI::App* each) {
         return !each->get_name().empty() && !each->get_group().empty();
       })) {
    command.commands.push_back(Describe(*below));
  }
  return command;
}

void AddSelfDescription(CLI::App& app, const std::string& version) {
  using Completion = std::string (*)(const Command&);
  const std::map<std::string, Completion> shells = {
      {"bash", BashCompletion}, {"fish", FishCompletion}, {"zsh", ZshCompletion}};
  CLI::App* completion = app.add_subcommand(
      "completion",
      "print a script that completes this command line in a shell. For this session: source <(" +
          app.get_name() + " completion bash)");
  const auto shell = std::make_shared<std::string>();
  completion->add_option("shell", *shell, "whose")->required()->check(CLI::IsMember(shells));
  completion->callback([&app, shell, shells] { EndWith(shells.at(*shell)(Describe(app))); });
  app.add_option_function<std::string>("--man",
                                       [&app, version](const std::string& date) {
                                         EndWith(ManPage(Describe(app), version, date));
                                       })
      ->group("");
}

}  // namespace kaisar::cli
