#include "cli/completion.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

namespace kaisar::cli {
namespace {

std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

std::string FishQuoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

/// What fits beside a name: the first line, and of it what comes before the first stop.
std::string Brief(absl::string_view description) {
  for (const absl::string_view stop : {"\n", ". ", ": ", "; "}) {
    description = description.substr(0, description.find(stop));
  }
  return std::string(description);
}

/// The shell function's name, which may have no dash in bash.
std::string FunctionOf(const Command& program) {
  return absl::StrCat("_", absl::StrReplaceAll(program.name, {{"-", "_"}}));
}

bool TakesFiles(const Command& command) {
  for (const Option& option : command.options) {
    if (option.positional && option.choices.empty()) return true;
  }
  return false;
}

/// Patterns of a shell's `case`: the paths of all commands below the program.
std::string Paths(const Command& program, absl::string_view between) {
  std::vector<std::string> paths;
  for (const Placed& placed : Flatten(program)) {
    if (!placed.path.empty()) paths.push_back(Quoted(placed.path));
  }
  return absl::StrJoin(paths, between);
}

/// ` run --progress' | ' run -p`: after these words an option's value comes.
std::string BeforeValue(const std::string& path, const Option& option) {
  std::vector<std::string> patterns;
  for (const std::string& name : option.names) patterns.push_back(Quoted(path + " " + name));
  return absl::StrJoin(patterns, " | ");
}

/// Names of commands and options, and the choices of positional ones.
std::string BashWords(const Command& command) {
  std::vector<std::string> words;
  for (const Option& option : command.options) {
    const std::vector<std::string>& own = option.positional ? option.choices : option.names;
    words.insert(words.end(), own.begin(), own.end());
  }
  for (const Command& below : command.commands) words.push_back(below.name);
  return absl::StrJoin(words, " ");
}

std::string ZshItems(const Command& command, bool options) {
  std::string items;
  const auto add = [&items](absl::string_view name, absl::string_view description) {
    absl::StrAppend(&items, " ", Quoted(absl::StrCat(name, ":", Brief(description))));
  };
  if (!options) {
    for (const Command& below : command.commands) add(below.name, below.description);
  }
  for (const Option& option : command.options) {
    if (option.positional == options) continue;
    for (const std::string& word : options ? option.names : option.choices) {
      add(word, option.description);
    }
  }
  return items;
}

std::string FishNames(const Option& option) {
  std::string names;
  for (const std::string& name : option.names) {
    const bool is_long = absl::StartsWith(name, "--");
    absl::StrAppend(&names, is_long ? " -l " : " -s ", name.substr(is_long ? 2 : 1));
  }
  return names;
}

std::string FishOption(absl::string_view line, const Option& option) {
  const std::string does = absl::StrCat(" -d ", FishQuoted(Brief(option.description)), "\n");
  const std::string choices = absl::StrCat(" -a ", Quoted(absl::StrJoin(option.choices, " ")));
  if (option.positional) {
    return absl::StrCat(line, option.choices.empty() ? " -F" : choices, does);
  }
  if (option.value.empty()) return absl::StrCat(line, FishNames(option), does);
  return absl::StrCat(line, FishNames(option), option.choices.empty() ? " -r -F" : " -x",
                      option.choices.empty() ? "" : choices, does);
}

}  // namespace

std::string BashCompletion(const Command& program) {
  const std::string function = FunctionOf(program);
  std::string values, words;
  for (const auto& [path, command] : Flatten(program)) {
    for (const Option& option : command->options) {
      if (option.value.empty() || option.positional) continue;
      // Without words, -o default completes names of files.
      absl::StrAppend(&values, "    ", BeforeValue(path, option),
                      ") offered=", Quoted(absl::StrJoin(option.choices, " ")), " ;;\n");
    }
    absl::StrAppend(&words, "        ", Quoted(path), ") offered=", Quoted(BashWords(*command)),
                    " ;;\n");
  }
  return absl::StrCat("# bash completion, made by: ", program.name, " completion bash\n", function,
                      R"(() {
  local command='' offered='' index
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$command ${COMP_WORDS[index]}" in
      )",
                      Paths(program, " | "), R"()
        command="$command ${COMP_WORDS[index]}" ;;
    esac
  done
  case "$command ${COMP_WORDS[COMP_CWORD - 1]}" in
)",
                      values, R"(    *)
      case "$command" in
)",
                      words, R"(      esac ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$offered" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F )",
                      function, " ", program.name, "\n");
}

std::string ZshCompletion(const Command& program) {
  const std::string function = FunctionOf(program);
  std::string values, words;
  for (const auto& [path, command] : Flatten(program)) {
    for (const Option& option : command->options) {
      if (option.value.empty() || option.positional) continue;
      absl::StrAppend(
          &values, "    ", BeforeValue(path, option), ") ",
          option.choices.empty() ? "_files" : "compadd -- " + absl::StrJoin(option.choices, " "),
          "; return ;;\n");
    }
    absl::StrAppend(&words, "    ", Quoted(path), ")\n      commands=(",
                    ZshItems(*command, /*options=*/false), " )\n      options=(",
                    ZshItems(*command, /*options=*/true), " )",
                    TakesFiles(*command) ? "\n      _files" : "", " ;;\n");
  }
  return absl::StrCat("#compdef ", program.name, "\n# zsh completion, made by: ", program.name,
                      " completion zsh\n", function, R"(() {
  local command='' word
  local -a commands options
  for word in "${(@)words[2,CURRENT-1]}"; do
    case "$command $word" in
      )",
                      Paths(program, " | "), R"() command="$command $word" ;;
    esac
  done
  case "$command ${words[CURRENT-1]}" in
)",
                      values, R"(  esac
  case "$command" in
)",
                      words, R"(  esac
  _describe command commands
  _describe -o option options
}
# From a folder of $fpath this file is the function's body; else it is sourced.
if [[ "${funcstack[1]}" == _)",
                      program.name, " ]]; then ", function, " \"$@\"; else compdef ", function, " ",
                      program.name, "; fi\n");
}

std::string FishCompletion(const Command& program) {
  const std::string at = absl::StrCat("_", FunctionOf(program), "_at");
  const std::string complete = absl::StrCat("complete -c ", program.name);
  std::string lines = absl::StrCat(complete, " -f\n");
  for (const auto& [path, command] : Flatten(program)) {
    const std::string line = absl::StrCat(complete, " -n \"", at, " '", path, "'\"");
    for (const Command& below : command->commands) {
      absl::StrAppend(&lines, line, " -a ", below.name, " -d ",
                      FishQuoted(Brief(below.description)), "\n");
    }
    for (const Option& option : command->options) {
      absl::StrAppend(&lines, FishOption(line, option));
    }
  }
  return absl::StrCat("# fish completion, made by: ", program.name, " completion fish\n",
                      "# Whether the words so far lead to this command.\nfunction ", at, R"(
  set -l command ''
  set -l words (commandline -opc)
  set -e words[1]
  for word in $words
    switch "$command $word"
      case )",
                      Paths(program, " "), R"(
        set command "$command $word"
    end
  end
  test "$command" = "$argv[1]"
end
)",
                      lines);
}

}  // namespace kaisar::cli
