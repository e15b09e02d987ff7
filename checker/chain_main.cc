// The commands that speak to the chain for a person: stake, unstake, announce-keys, withdraw and
// status.
#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "checker/chain_commands.h"
#include "checker/command_line.h"
#include "checker/status_command.h"

namespace kaisar::checker {
namespace {

using Options = std::shared_ptr<OwnerOptions>;

void AddOwner(CLI::App* command, OwnerOptions& options, bool required) {
  command->add_option("--config", options.config, "checker.yaml, with registry: evm")->required();
  CLI::Option* keystore = command->add_option(
      "--owner-keystore", options.owner_keystore,
      required ? "the owner's key, Web3 Secret Storage; keep it off the checker's machine otherwise"
               : "who signs and pays the gas; without it the hot key does");
  if (required) keystore->required();
  command->add_option("--owner-password-file", options.owner_password,
                      "its password: a file (mode 0600) or fd:N; asked for without");
  command->add_flag("--yes", options.yes, "do not ask before sending");
}

/// A command that sends transactions. Result: what it is told, for options of its own.
std::pair<CLI::App*, Options> AddSending(CLI::App& app, Chosen& chosen, const char* name,
                                         const char* about, bool by_owner,
                                         int (*run)(const OwnerOptions&)) {
  const Options options = std::make_shared<OwnerOptions>();
  CLI::App* command = app.add_subcommand(name, about);
  AddOwner(command, *options, by_owner);
  command->callback([&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
  return {command, options};
}

void AddStake(CLI::App& app, Chosen& chosen) {
  const auto [stake, options] = AddSending(
      app, chosen, "stake",
      "register a slot: the owner gives a licence and the stake, the hot key of the config checks "
      "devices and signs reports for it. Three transactions by the owner, who needs the licence, "
      "the stake in KAI, and coin for gas. Duty begins two or three epochs later; from then on a "
      "missed report costs stake, so keep the checker running. Prints the slot's id",
      /*by_owner=*/true, &StakeCommand);
  stake->add_option("--license", options->license, "id of a CheckerLicense that the owner holds")
      ->required();
}

void AddUnstake(CLI::App& app, Chosen& chosen) {
  AddSending(app, chosen, "unstake",
             "leave, in two steps: first it asks for the slot's exit, which ends its duty two "
             "epochs later; keep the checker running until then. Run again after the unbonding "
             "time it claims licence and stake. In between it tells how long there is to wait",
             /*by_owner=*/true, &UnstakeCommand);
}

void AddAnnounceKeys(CLI::App& app, Chosen& chosen) {
  AddSending(app, chosen, "announce-keys",
             "tell the chain the key files of the config, where it knows others: after a loss, a "
             "theft, or a hash chain that is used up. The hot key counts from the next epoch on, "
             "the hash chain two or three epochs later, the TLS key at once. With another hot key "
             "the config must say slot: ID. The owner may all of it, the hot key the TLS key alone",
             /*by_owner=*/false, &AnnounceKeysCommand);
}

void AddWithdraw(CLI::App& app, Chosen& chosen) {
  const auto [withdraw, options] = AddSending(
      app, chosen, "withdraw",
      "mint what the slot has earned to its owner. Anybody may pay for that, the hot key included: "
      "the KAI goes to the owner either way. The hot key sends on, too, what it got for marking "
      "others' missed reports. So does one that announce-keys has replaced, or whose slot was "
      "ejected: with its keystore and slot: ID in the config, --to, and some coin for the gas",
      /*by_owner=*/false, &WithdrawCommand);
  withdraw
      ->add_option("--to", options->to,
                   "0x…, who gets the hot key's own KAI; by default the owner of the slot whose "
                   "hot key it is")
      ->excludes("--owner-keystore");
}

void AddStatus(CLI::App& app, Chosen& chosen) {
  const auto options = std::make_shared<StatusOptions>();
  CLI::App* status = app.add_subcommand(
      "status",
      "how the slot stands: duty, stake, epoch and window, what became of the last reports, "
      "agreement with the committees, what is owed, and for how long the hot key's coin lasts; and "
      "what to do about what is wrong. On a roster file: epoch, last log and report, process. "
      "Changes nothing, also while the checker runs. Exit status: 0 all is well, 1 something is "
      "wrong, 2 it cannot be told");
  status->add_option("--config", options->config, "checker.yaml")->required();
  status->add_flag("--json", options->json, "JSON; amounts in wei as decimal strings");
  status->add_flag("--watch", options->watch,
                   "again and again until Ctrl-C; without a terminal, or as JSON, each time that "
                   "more than the seconds left has changed");
  status->add_option("--interval", options->interval_s, "seconds between two looks, for --watch")
      ->check(CLI::Range(1u, 3600u))
      ->capture_default_str();
  status->callback([&chosen, options] { chosen = [options] { return StatusCommand(*options); }; });
}

}  // namespace

void AddChainCommands(CLI::App& app, Chosen& chosen) {
  AddStake(app, chosen);
  AddUnstake(app, chosen);
  AddAnnounceKeys(app, chosen);
  AddWithdraw(app, chosen);
  AddStatus(app, chosen);
}

}  // namespace kaisar::checker
