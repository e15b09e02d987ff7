// The commands that make what a slot runs on: init, keys, init-signatures, signatures.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "base/entropy.h"
#include "checker/command_line.h"
#include "checker/init_command.h"
#include "checker/keys_command.h"
#include "checker/signatures_command.h"

namespace kaisar::checker {
namespace {

void AddInit(CLI::App& app, Chosen& chosen) {
  const auto directory = std::make_shared<std::string>(".");
  CLI::App* init = app.add_subcommand("init", "write a commented checker.yaml and roster.yaml");
  init->add_option("--out", *directory, "folder to write to")->capture_default_str();
  init->callback([&chosen, directory] {
    chosen = [directory] { return ExitStatus(WriteExamples(*directory, std::cout)); };
  });
}

using Options = std::shared_ptr<KeysOptions>;

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

void AddMakeKeys(CLI::App* keys, Chosen& chosen) {
  const Options options = std::make_shared<KeysOptions>();
  CLI::App* make = keys->add_subcommand(
      "new", "make hot key, TLS key and hash chain; print the entry for the roster");
  AddNewKeyOptions(make, *options);
  make->callback([&chosen, options] {
    chosen = [options] { return ExitStatus(MakeKeys(*options, OsEntropy(), std::cout)); };
  });
}

void AddImportKeys(CLI::App* keys, Chosen& chosen) {
  const Options options = std::make_shared<KeysOptions>();
  CLI::App* command = keys->add_subcommand("import", "the same around a hot key that exists");
  AddNewKeyOptions(command, *options);
  command->add_option("--keystore", options->keystore, "Web3 Secret Storage file to import");
  command->add_option("--keystore-password-file", options->keystore_password,
                      "its password: a file (mode 0600) or fd:N; asked for without");
  command->add_option("--private-key", options->private_key,
                      "file (mode 0600) with 64 hex digits to import");
  command->callback([&chosen, options] {
    chosen = [options] { return ExitStatus(ImportKeys(*options, OsEntropy(), std::cout)); };
  });
}

void AddShowKeys(CLI::App* keys, Chosen& chosen) {
  const Options options = std::make_shared<KeysOptions>();
  CLI::App* show = keys->add_subcommand("show", "print the entry for the roster again");
  show->add_option("--dir", options->directory, "folder of the key files")->required();
  AddPassword(show, options->password, "open the files and check them");
  show->add_option("--slot", options->slot, "slot id to print")->capture_default_str();
  show->callback([&chosen, options] {
    chosen = [options] { return ExitStatus(ShowKeys(*options, std::cout)); };
  });
}

void AddInitSignatures(CLI::App& app, Chosen& chosen) {
  const auto config = std::make_shared<std::string>();
  CLI::App* init = app.add_subcommand(
      "init-signatures",
      "make the empty store of a slot that has never signed; once, and never for a lost one");
  init->add_option("--config", *config, "checker.yaml")->required();
  init->callback([&chosen, config] {
    chosen = [config] { return ExitStatus(InitializeSignatures(*config)); };
  });
}

using MoveSignatures = absl::Status (*)(const std::string& config, const std::string& file,
                                        std::ostream& out);

void AddMove(CLI::App* signatures, Chosen& chosen, const std::string& name, const std::string& does,
             MoveSignatures move) {
  struct Moved {
    std::string config;
    std::string file;
  };
  const auto options = std::make_shared<Moved>();
  CLI::App* command = signatures->add_subcommand(name, does);
  command->add_option("--config", options->config, "checker.yaml")->required();
  command->add_option("--file", options->file, "the JSON file")->required();
  command->callback([&chosen, options, move] {
    chosen = [options, move] {
      return ExitStatus(move(options->config, options->file, std::cout));
    };
  });
}

void AddSignatures(CLI::App& app, Chosen& chosen) {
  CLI::App* signatures = app.add_subcommand(
      "signatures",
      "move what a slot has signed to another machine. First stop the checker here, for good: two "
      "on one slot sign two reports, which costs a tenth of the stake");
  signatures->require_subcommand(1);
  AddMove(signatures, chosen, "export", "write the store to a new file, as EIP-3076 does",
          ExportSignatures);
  AddMove(signatures, chosen, "import",
          "take such a file over; what contradicts the store is refused, and no epoch "
          "up to the newest one known then is signed any more",
          ImportSignatures);
}

}  // namespace

void AddKeysCommands(CLI::App& app, Chosen& chosen) {
  AddInit(app, chosen);
  CLI::App* keys = app.add_subcommand("keys", "make, import or show a slot's keys");
  keys->require_subcommand(1);
  AddMakeKeys(keys, chosen);
  AddImportKeys(keys, chosen);
  AddShowKeys(keys, chosen);
  AddInitSignatures(app, chosen);
  AddSignatures(app, chosen);
}

}  // namespace kaisar::checker
