// The commands that try one device by hand: probe bandwidth.
#include <CLI/CLI.hpp>
#include <memory>

#include "challenges/limits.h"
#include "checker/command_line.h"
#include "checker/probe_command.h"

namespace kaisar::checker {

void AddProbeCommands(CLI::App& app, Chosen& chosen) {
  CLI::App* probe = app.add_subcommand("probe", "try one device by hand, outside of any plan");
  probe->require_subcommand(1);
  const auto options = std::make_shared<ProbeOptions>();
  CLI::App* bandwidth = probe->add_subcommand(
      "bandwidth",
      "measure one device's bandwidth now, down and up, and print what both ends counted.\n"
      "It is outside of the plan: the slot's key signs a challenge with a random id, and nothing "
      "is\n"
      "logged or scored. It costs the device a test: its line is filled, its rate limit counts "
      "it,\n"
      "and others wait meanwhile. A checker that runs beside it is not disturbed, except that "
      "both\n"
      "share this machine's line: what falls due meanwhile is measured beside the probe.");
  bandwidth->add_option("--config", options->config, "checker.yaml")->capture_default_str();
  bandwidth->add_option("--device", options->device, "id of the device")->required();
  bandwidth
      ->add_option("--seconds", options->seconds,
                   "counted, of each direction; else as the policy says")
      ->check(CLI::Range(1U, challenges::kMostTestSeconds));
  bandwidth->add_flag("--iperf3", options->iperf3,
                      "be no end of the tests: print host, port, credentials and the command for "
                      "the stock iperf3 tool, and wait until the device has measured; meanwhile it "
                      "tests with nobody else");
  bandwidth->add_flag("--json", options->json, "JSON instead of a table");
  bandwidth->footer(
      "Exit status: 0 passed; 1 failed; 2 inconclusive, stopped, or wrong usage, config or "
      "roster.");
  bandwidth->callback(
      [&chosen, options] { chosen = [options] { return ProbeBandwidthCommand(*options); }; });
}

}  // namespace kaisar::checker
