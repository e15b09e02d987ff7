// kaisar-checker: challenges devices, proves what it saw, and signs a report.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <map>

#include "absl/status/status.h"
#include "base/entropy.h"
#include "checker/init_command.h"
#include "checker/keys_command.h"
#include "checker/plan_command.h"
#include "checker/run_command.h"

namespace kaisar::checker {
namespace {

constexpr int kWrongUsage = 2;  // docs/operating.md, Signals and exit status

int ExitStatus(const absl::Status& status) {
  std::cout.flush();
  if (status.ok()) return 0;
  std::cerr << "kaisar-checker: " << status.message() << "\n";
  return kWrongUsage;
}

absl::Status RunPlan(const PlanOptions& options) {
  auto inputs = ReadPlanInputs(options);
  if (!inputs.ok()) return inputs.status();
  return PrintPlan(*inputs, options, std::cout);
}

void AddInit(CLI::App& app, std::string& directory) {
  CLI::App* init = app.add_subcommand("init", "write a commented checker.yaml and roster.yaml");
  init->add_option("--out", directory, "folder to write to")->capture_default_str();
}

void AddPassword(CLI::App* command, std::string& source, const std::string& what) {
  command->add_option("--password-file", source,
                      what + ": a file (mode 0600) or fd:N; asked for without");
}

void AddNewKeyOptions(CLI::App* command, KeysOptions& options) {
  command->add_option("--out", options.directory, "folder for the three key files")->required();
  AddPassword(command, options.password, "password of the new files");
  command->add_flag("--light", options.light, "weak key derivation, for development only");
  command->add_option("--chain-length", options.chain_length, "epochs that the hash chain lasts")
      ->check(CLI::Range(1u, 1u << 20))
      ->capture_default_str();
  command->add_option("--first-epoch", options.first_epoch, "first epoch of the hash chain")
      ->capture_default_str();
  command->add_option("--slot", options.slot, "slot id to print")->capture_default_str();
}

void AddKeys(CLI::App& app, KeysOptions& options) {
  CLI::App* keys = app.add_subcommand("keys", "make, import or show a slot's keys");
  keys->require_subcommand(1);
  CLI::App* make = keys->add_subcommand(
      "new", "make hot key, TLS key and hash chain; print the entry for the roster");
  AddNewKeyOptions(make, options);
  CLI::App* import = keys->add_subcommand("import", "the same around a hot key that exists");
  AddNewKeyOptions(import, options);
  import->add_option("--keystore", options.keystore, "Web3 Secret Storage file to import");
  import->add_option("--keystore-password-file", options.keystore_password,
                     "its password: a file (mode 0600) or fd:N; asked for without");
  import->add_option("--private-key", options.private_key,
                     "file (mode 0600) with 64 hex digits to import");
  CLI::App* show = keys->add_subcommand("show", "print the entry for the roster again");
  show->add_option("--dir", options.directory, "folder of the key files")->required();
  AddPassword(show, options.password, "open the files and check them");
  show->add_option("--slot", options.slot, "slot id to print")->capture_default_str();
}

void AddPlan(CLI::App& app, PlanOptions& options) {
  CLI::App* plan = app.add_subcommand(
      "plan",
      "print the plan of an epoch. It follows from the slot's secret and the epoch's beacon; the "
      "beacon does not exist before the epoch begins, so it comes from the epoch's log, or from "
      "--beacon for a trial");
  plan->add_option("--config", options.config, "checker.yaml")->required();
  plan->add_option("--log", options.log, "log of the epoch, open or closed");
  plan->add_option("--beacon", options.beacon, "32 bytes of hex, with --epoch");
  plan->add_option("--epoch", options.epoch, "number of the epoch");
  plan->add_option("--device", options.device, "only this device");
  plan->add_option("--limit", options.limit, "print at most so many; 0: all")
      ->capture_default_str();
  plan->add_flag("--json", options.json, "JSON instead of a table");
}

void AddRun(CLI::App& app, RunOptions& options) {
  CLI::App* run = app.add_subcommand(
      "run", "challenge the roster's devices, epoch after epoch, and report what they are worth");
  run->add_option("--config", options.config, "checker.yaml")->required();
  run->add_option("--epochs", options.epochs, "end after so many reports; 0: run on")
      ->capture_default_str();
  run->add_option("--progress", options.progress,
                  "live display on standard error: auto (on a terminal), always or never")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, ProgressMode>{{"auto", ProgressMode::kAuto},
                                              {"always", ProgressMode::kAlways},
                                              {"never", ProgressMode::kNever}}));
  run->add_flag("--quiet", options.quiet, "neither display nor event lines");
  run->add_flag("--json", options.json, "the summary of each epoch as JSON");
}

void AddInitSignatures(CLI::App& app, std::string& config) {
  CLI::App* init = app.add_subcommand(
      "init-signatures",
      "make the empty store of a slot that has never signed; once, and never for a lost one");
  init->add_option("--config", config, "checker.yaml")->required();
}

int Main(int argc, char** argv) {
  CLI::App app("Finds out whether rented-out devices are up, reachable and as fast as they claim.",
               "kaisar-checker");
  app.require_subcommand(1);
  app.set_version_flag("--version", "kaisar-checker " KAISAR_VERSION);
  app.footer(
      "To begin: keys new --out keys; init; init-signatures --config checker.yaml; run --config\n"
      "checker.yaml. Verify what it reports: kaisar-audit verify.\n"
      "Exit status: 0 done, or stopped by a signal; 1 failed while running; 2 wrong usage, "
      "config,\n"
      "roster or policy, and nothing was started.");
  std::string init_directory = ".";
  KeysOptions keys;
  PlanOptions plan;
  RunOptions run;
  std::string signatures_config;
  AddInit(app, init_directory);
  AddKeys(app, keys);
  AddPlan(app, plan);
  AddRun(app, run);
  AddInitSignatures(app, signatures_config);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  }
  if (app.got_subcommand("init")) return ExitStatus(WriteExamples(init_directory, std::cout));
  if (app.got_subcommand("run")) return RunCommand(run);
  if (app.got_subcommand("init-signatures")) {
    return ExitStatus(InitializeSignatures(signatures_config));
  }
  if (app.got_subcommand("plan")) return ExitStatus(RunPlan(plan));
  CLI::App* command = app.get_subcommand("keys");
  if (command->got_subcommand("new")) return ExitStatus(MakeKeys(keys, OsEntropy(), std::cout));
  if (command->got_subcommand("import")) {
    return ExitStatus(ImportKeys(keys, OsEntropy(), std::cout));
  }
  return ExitStatus(ShowKeys(keys, std::cout));
}

}  // namespace
}  // namespace kaisar::checker

int main(int argc, char** argv) {
  return kaisar::checker::Main(argc, argv);
}
