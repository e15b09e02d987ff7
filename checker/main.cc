// kaisar-checker: challenges devices, proves what it saw, and signs a report.
#include <CLI/CLI.hpp>
#include <iostream>

#include "checker/command_line.h"
#include "cli/self_description.h"

namespace kaisar::checker {

int ExitStatus(const absl::Status& status) {
  std::cout.flush();
  if (status.ok()) return 0;
  std::cerr << "kaisar-checker: " << status.message() << "\n";
  return kWrongUsage;
}

void AddPassword(CLI::App* command, std::string& source, const std::string& what) {
  command->add_option("--password-file", source,
                      what + ": a file (mode 0600) or fd:N; asked for without");
}

namespace {

int Main(int argc, char** argv) {
  CLI::App app("Finds out whether rented-out devices are up, reachable and as fast as they claim.",
               "kaisar-checker");
  app.require_subcommand(1);
  app.set_version_flag("--version", "kaisar-checker " KAISAR_VERSION);
  app.footer(
      "To begin: keys new --out keys; init; init-signatures --config checker.yaml; on a chain "
      "also\n"
      "stake --config checker.yaml …; run --config checker.yaml. How it goes: status, doctor. "
      "Verify what "
      "it\n"
      "reports: kaisar-audit verify.\n"
      "Exit status: 0 done, or stopped by a signal; 1 failed while running; 2 wrong usage, "
      "config,\n"
      "roster or policy, and nothing was started.");
  Chosen chosen;
  AddRunCommands(app, chosen);
  AddKeysCommands(app, chosen);
  AddChainCommands(app, chosen);
  AddDoctorCommands(app, chosen);
  AddProbeCommands(app, chosen);
  cli::AddSelfDescription(app, KAISAR_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  }
  return chosen();
}

}  // namespace
}  // namespace kaisar::checker

int main(int argc, char** argv) {
  return kaisar::checker::Main(argc, argv);
}
