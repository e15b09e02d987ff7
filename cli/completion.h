#pragma once

#include <string>

#include "cli/command.h"

namespace kaisar::cli {

/// Scripts with which a shell completes the program's commands, options and choices; where the
/// program takes any value, names of files are completed.
std::string BashCompletion(const Command& program);
std::string ZshCompletion(const Command& program);
std::string FishCompletion(const Command& program);

}  // namespace kaisar::cli
