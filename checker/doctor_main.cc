// The command that looks for what is wrong before it costs a report: doctor.
#include <CLI/CLI.hpp>
#include <memory>

#include "checker/command_line.h"
#include "checker/doctor/doctor_command.h"

namespace kaisar::checker {

void AddDoctorCommands(CLI::App& app, Chosen& chosen) {
  const auto options = std::make_shared<DoctorOptions>();
  options->version = KAISAR_VERSION;
  CLI::App* doctor = app.add_subcommand(
      "doctor",
      "check all that a checker needs, and say for each whether it is ok and what to do if not: "
      "policy, key files, keys, the chain's endpoints, clock, devices, signature store, data "
      "directory, open files, connection, kaisar-iperf. Changes nothing, also while the checker "
      "runs; run it as the user that the checker runs as, or as root");
  doctor->add_option("--config", options->config, "checker.yaml")->capture_default_str();
  doctor
      ->add_option("--devices", options->devices,
                   "connect to so many devices of the roster at most, evenly chosen")
      ->check(CLI::Range(std::size_t{0}, std::size_t{1'000'000}))
      ->capture_default_str();
  doctor->add_flag("--json", options->json, "one JSON object, at the end");
  doctor->footer(
      "docs/operating.md has each line, its cause and its cure.\n\n"
      "Exit status: 0 all is well; 1 there are warnings or failures; 2 wrong usage or config.");
  doctor->callback([&chosen, options] { chosen = [options] { return DoctorCommand(*options); }; });
}

}  // namespace kaisar::checker
