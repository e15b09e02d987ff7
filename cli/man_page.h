#pragma once

#include <string>

#include "cli/command.h"

namespace kaisar::cli {

/// The program's page for man(1), section 1, in mdoc(7): the program, then a section for each of
/// its commands. `date` as mdoc has it: "November 23, 2026".
std::string ManPage(const Command& program, const std::string& version, const std::string& date);

}  // namespace kaisar::cli
