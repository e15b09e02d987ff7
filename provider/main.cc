// kaisar-provider: the agent on a GPU owner's machine. It answers challenges of the pinned
// checkers.
#include <CLI/CLI.hpp>
#include <iostream>

#include "base/file.h"
#include "base/process_runner.h"
#include "cli/self_description.h"
#include "kernels/gpu_worker.h"
#include "provider/commands.h"
#include "provider/config.h"
#include "provider/owner_cli.h"

namespace kaisar::provider {

absl::Status InitConfig(const std::string& path, std::ostream& out) {
  if (path.empty()) {
    out << ExampleConfig();
    return absl::OkStatus();
  }
  return CreateSecretFile(path, ExampleConfig());
}

namespace {

int ExitStatus(const absl::Status& status) {
  std::cout.flush();
  if (status.ok()) return kFine;
  std::cerr << "kaisar-provider: " << status.message() << "\n";
  switch (status.code()) {
    case absl::StatusCode::kAborted:           // a transaction reverted
    case absl::StatusCode::kDeadlineExceeded:  // or is in no block
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:  // no endpoint answers
      return kFailed;
    default:
      return kWrongUsage;
  }
}

void AddKeys(CLI::App& app, KeysOptions& options) {
  CLI::App* keys = app.add_subcommand("keys", "make or show the keys of a device");
  keys->require_subcommand(1);
  const std::string password = "password: a file (mode 0600) or fd:N; ";
  CLI::App* make = keys->add_subcommand(
      "new", "make keystore.json (device key) and tls.pem; print address and pin for the registry");
  make->add_option("--out", options.directory, "folder for the files")->required();
  make->add_option("--password-file", options.password,
                   password + "without, one is made and kept beside the keystore");
  make->add_flag("--light", options.light, "weak key derivation, for development only");
  CLI::App* show = keys->add_subcommand("show", "open the files and print address and pin again");
  show->add_option("--dir", options.directory, "folder of the files")->required();
  show->add_option("--password-file", options.password,
                   password + "without, the file `password` in that folder");
}

std::string PowerOfTwo(const std::string& text) {
  std::uint32_t n = 0;
  if (!CLI::detail::lexical_cast(text, n) || n < 256 || n > 32768 || (n & (n - 1)) != 0) {
    return text + " is not a power of two from 256 to 32768";
  }
  return "";
}

void AddMeasure(CLI::App& app, MeasureOptions& options) {
  CLI::App* measure =
      app.add_subcommand("measure",
                         "run proofs here and print their rate in ops/s as a checker computes it: "
                         "2 n^3 rounds over the "
                         "time from seed to commitment; what can honestly be claimed");
  measure->add_option("--n", options.n, "size of the matrices, a power of two")
      ->check(PowerOfTwo)
      ->capture_default_str();
  measure->add_option("--rounds", options.rounds, "rounds of a proof")
      ->check(CLI::Range(1u, 4096u))
      ->capture_default_str();
  measure->add_option("--gpu", options.gpu,
                      "GPU: its UUID, its PCI id, or any where there is one; without, the CPU");
  measure->add_option("--threads", options.threads, "threads on the CPU; 0 for all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  measure->add_option("--times", options.times, "proofs to run; the median counts")
      ->check(CLI::Range(1u, 1000u))
      ->capture_default_str();
  measure->add_flag("--json", options.json, "one JSON object: ops_per_second is the median");
}

// For `run`, which starts it for each GPU and is told what goes wrong with that.
int ServeOneGpu(const std::string& selector) {
  const absl::Status ended = kernels::ServeGpu(Descriptor(kProcessOutput),
                                               [&selector] { return kernels::OpenGpu(selector); });
  if (absl::IsUnavailable(ended)) return kFine;
  return ExitStatus(ended);
}

int Main(int argc, char** argv) {
  CLI::App app(
      "The agent on a GPU owner's machine: it answers the challenges of the checkers that its "
      "config "
      "pins.\n\nTo begin: keys new --out keys; init --out provider.yaml; measure; run --config "
      "provider.yaml.\nExit status: 0 fine, 1 failed while running, 2 wrong usage or config.",
      "kaisar-provider");
  app.require_subcommand(1);
  app.set_version_flag("--version", "kaisar-provider " KAISAR_VERSION);
  std::string config;
  CLI::App* run = app.add_subcommand(
      "run", "serve until SIGTERM or SIGINT; prints `listening on HOST:PORT`, events on stderr");
  run->add_option("--config", config, "config file; see init")->required();
  std::string out;
  CLI::App* init = app.add_subcommand("init", "write a commented config");
  init->add_option("--out", out, "new file to write; standard output without");
  std::string worker_gpu;
  CLI::App* worker = app.add_subcommand("gpu-worker", "serve one GPU to `run`")->group("");
  worker->add_option("--gpu", worker_gpu, "its UUID")->required();
  KeysOptions keys;
  AddKeys(app, keys);
  MeasureOptions measure;
  AddMeasure(app, measure);
  bool gpus_json = false;
  CLI::App* gpus = app.add_subcommand(
      "gpus", "list the GPUs that are here, and whether they can be used; status 2 without any");
  gpus->add_flag("--json", gpus_json, "a JSON array");
  OwnerArguments owner;
  AddOwnerCommands(app, owner);
  cli::AddSelfDescription(app, KAISAR_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kFine : kWrongUsage;
  }
  if (run->parsed()) return RunCommand(config);
  if (worker->parsed()) return ServeOneGpu(worker_gpu);
  if (init->parsed()) return ExitStatus(InitConfig(out, std::cout));
  if (IsOwnerCommand(app)) return ExitStatus(RunOwnerCommand(app, owner));
  if (gpus->parsed()) {
    return ExitStatus(ShowGpus(gpus_json, MachineGpus(), "libnvidia-ml.so.1", std::cout));
  }
  if (app.got_subcommand("measure")) return ExitStatus(Measure(measure, MachineGpus(), std::cout));
  const bool make = app.get_subcommand("keys")->got_subcommand("new");
  return ExitStatus(make ? NewKeys(keys, std::cout) : ShowKeys(keys, std::cout));
}

}  // namespace
}  // namespace kaisar::provider

int main(int argc, char** argv) {
  return kaisar::provider::Main(argc, argv);
}
