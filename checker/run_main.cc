// The commands that challenge, and those that show what would be asked: run, plan and classes.
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <memory>

#include "checker/classes_command.h"
#include "checker/command_line.h"
#include "checker/plan_command.h"
#include "checker/run_command.h"

namespace kaisar::checker {
namespace {

int RunPlan(const PlanOptions& options) {
  auto inputs = ReadPlanInputs(options);
  return ExitStatus(inputs.ok() ? PrintPlan(*inputs, options, std::cout) : inputs.status());
}

void AddRun(CLI::App& app, Chosen& chosen) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* run = app.add_subcommand(
      "run",
      "challenge devices, epoch after epoch, and report what they are worth. With registry: evm "
      "the chain says which, and the reports go to the chain: opened, committed, revealed and "
      "settled beside the next epoch. A policy that asks bandwidth needs the config's connection, "
      "and "
      "kaisar-iperf beside this program. A browser sees how it does at http://127.0.0.1:9464/, or "
      "where the config's monitor.listen says");
  run->add_option("--config", options->config, "checker.yaml")->required();
  run->add_option("--epochs", options->epochs,
                  "end after so many reports, once the chain has settled or missed them; 0: run on")
      ->capture_default_str();
  run->add_option("--progress", options->progress,
                  "live display on standard error: auto (on a terminal), always or never")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, ProgressMode>{{"auto", ProgressMode::kAuto},
                                              {"always", ProgressMode::kAlways},
                                              {"never", ProgressMode::kNever}}));
  run->add_flag("--quiet", options->quiet, "neither display nor event lines");
  run->add_flag("--json", options->json, "the summary of each epoch as JSON");
  run->callback([&chosen, options] { chosen = [options] { return RunCommand(*options); }; });
}

void AddPlan(CLI::App& app, Chosen& chosen) {
  const auto options = std::make_shared<PlanOptions>();
  CLI::App* plan = app.add_subcommand(
      "plan",
      "print the plan of an epoch. It follows from the slot's secret and the epoch's beacon; the "
      "beacon does not exist before the epoch begins, so it comes from the epoch's log, or from "
      "--beacon for a trial");
  plan->add_option("--config", options->config, "checker.yaml")->required();
  plan->add_option("--log", options->log, "log of the epoch, open or closed");
  plan->add_option("--beacon", options->beacon, "32 bytes of hex, with --epoch; for a roster file");
  plan->add_option("--epoch", options->epoch, "number of the epoch");
  plan->add_option("--device", options->device, "only this device");
  plan->add_option("--limit", options->limit, "print at most so many; 0: all")
      ->capture_default_str();
  plan->add_flag("--json", options->json, "JSON instead of a table");
  plan->callback([&chosen, options] { chosen = [options] { return RunPlan(*options); }; });
}

void AddClasses(CLI::App& app, Chosen& chosen) {
  const auto options = std::make_shared<ClassesOptions>();
  CLI::App* classes = app.add_subcommand(
      "classes",
      "print the device classes of a policy: their hardware, what to claim for it, and what a "
      "proof asks of memory and time");
  classes->add_option("--policy", options->policy, "policy.yaml")->required();
  classes->add_flag("--json", options->json, "JSON instead of a table, with the sources");
  classes->callback([&chosen, options] {
    chosen = [options] { return ExitStatus(ClassesCommand(*options, std::cout)); };
  });
}

}  // namespace

void AddRunCommands(CLI::App& app, Chosen& chosen) {
  AddRun(app, chosen);
  AddPlan(app, chosen);
  AddClasses(app, chosen);
}

}  // namespace kaisar::checker
