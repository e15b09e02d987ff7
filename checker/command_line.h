#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"

namespace CLI {
class App;
}  // namespace CLI

namespace kaisar::checker {

/// Wrong usage or input, docs/operating.md, Signals and exit status.
constexpr int kWrongUsage = 2;

/// What the command line asks for; set while it is parsed, called afterwards for the exit status.
using Chosen = std::function<int()>;

/// Each adds subcommands to the command line.
void AddKeysCommands(CLI::App& app, Chosen& chosen);    // init, keys, init-signatures, signatures
void AddRunCommands(CLI::App& app, Chosen& chosen);     // run, plan, classes
void AddChainCommands(CLI::App& app, Chosen& chosen);   // stake, announce-keys, status …
void AddDoctorCommands(CLI::App& app, Chosen& chosen);  // doctor
void AddProbeCommands(CLI::App& app, Chosen& chosen);   // probe bandwidth

/// 0, or the message on standard error and kWrongUsage.
int ExitStatus(const absl::Status& status);

/// `--password-file` of a command, and what it says.
void AddPassword(CLI::App* command, std::string& source, const std::string& what);

}  // namespace kaisar::checker
