#pragma once

#include <string>

#include "cli/command.h"

namespace CLI {
class App;
}  // namespace CLI

namespace kaisar::cli {

/// What a command line can do, read from the same object that parses it and writes its help.
Command Describe(const CLI::App& app);

/// Adds the command `completion bash|zsh|fish`, which prints a script for that shell, and the
/// hidden option `--man DATE`, which prints the page for man(1). Both end parsing as `--version`
/// does, so App::exit prints what they say.
void AddSelfDescription(CLI::App& app, const std::string& version);

}  // namespace kaisar::cli
