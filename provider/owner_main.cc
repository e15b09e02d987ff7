// The command line of a device's owner: what it takes, and what its help says.
#include <CLI/CLI.hpp>
#include <iostream>

#include "challenges/limits.h"
#include "provider/owner_cli.h"

namespace kaisar::provider {
namespace {

const std::uint64_t kMostRate = ~std::uint64_t{0};

void AddChain(CLI::App* command, ChainOptions& chain) {
  command->add_option("--rpc", chain.rpc, "JSON-RPC endpoints, URL[,URL…], tried in turn")
      ->delimiter(',');
  command->add_option("--deployment", chain.deployment, "file that says where the contracts are");
  command->add_option("--config", chain.config,
                      "provider.yaml whose `chain` says both, in the place of the two");
}

void AddOwner(CLI::App* command, OwnerOptions& owner) {
  command
      ->add_option("--owner-keystore", owner.keystore,
                   "Web3 Secret Storage file of the owner's account, which pays the gas")
      ->required();
  command
      ->add_option("--owner-password-file", owner.password,
                   "its password: a file (mode 0600) "
                   "or fd:N")
      ->required();
  command->add_flag("--yes", owner.yes, "ask nothing; without a terminal nothing is asked anyway");
}

void AddDevice(CLI::App* command, std::uint32_t& device) {
  command->add_option("--device", device, "id that `register` printed")
      ->required()
      ->check(CLI::Range(std::uint32_t{0}, challenges::kMostDeviceId));
}

void AddRegister(CLI::App& app, RegisterOptions& options) {
  CLI::App* command = app.add_subcommand(
      "register",
      "bond KAI for a device and register it; print its id and what belongs into provider.yaml. "
      "The weight is the claimed rate in Gop/s, rounded down: it is what the device is paid for, "
      "bonded for and measured against. It counts from the second next epoch on");
  AddChain(command, options.chain);
  AddOwner(command, options.owner);
  command->add_option("--keys", options.keys, "folder that `keys new` made")->required();
  command->add_option("--password-file", options.keys_password,
                      "password of the device's keystore: a file (mode 0600) or fd:N; without, the "
                      "file `password` in that folder");
  command->add_option("--endpoint", options.endpoint, "HOST:PORT at which checkers reach it")
      ->required();
  command->add_option("--class", options.device_class, "device class, as the policy names it")
      ->required();
  command->add_option("--region", options.region, "where it stands; may be left out");
  command
      ->add_option("--ops-per-second", options.ops_per_second,
                   "claimed rate, as `measure` gives it less some room")
      ->required();
  command->add_option("--down-bps", options.down_bits_per_second, "claimed rate to it, bit/s")
      ->required()
      ->check(CLI::Range(std::uint64_t{1}, kMostRate));
  command->add_option("--up-bps", options.up_bits_per_second, "claimed rate from it, bit/s")
      ->required()
      ->check(CLI::Range(std::uint64_t{1}, kMostRate));
  command->footer(
      "Example:\n  kaisar-provider register --rpc http://127.0.0.1:8545 --deployment "
      "deployment.json \\\n    --owner-keystore owner.json --owner-password-file owner.pw --keys "
      "keys \\\n    --endpoint gpu1.example.org:7443 --class cpu --region eu --ops-per-second "
      "120000000000 \\\n    --down-bps 1000000000 --up-bps 1000000000");
}

void AddDeregister(CLI::App& app, DeviceOptions& options) {
  CLI::App* command = app.add_subcommand(
      "deregister",
      "take a device out: it is checked and paid to the end of the next epoch, and its bond is "
      "free after the unbonding time. Run again then: it claims the bond");
  AddChain(command, options.chain);
  AddOwner(command, options.owner);
  AddDevice(command, options.device);
}

void AddSetEndpoint(CLI::App& app, EndpointOptions& options) {
  CLI::App* command =
      app.add_subcommand("set-endpoint", "tell checkers where a device is reached from now on");
  AddChain(command, options.device.chain);
  AddOwner(command, options.device.owner);
  AddDevice(command, options.device.device);
  command->add_option("--endpoint", options.endpoint, "HOST:PORT")->required();
  command->add_option("--tls-key", options.tls_key,
                      "PEM file of another TLS key; without, the pin stays");
}

void AddSetWeight(CLI::App& app, WeightOptions& options) {
  CLI::App* command = app.add_subcommand(
      "set-weight",
      "claim another rate for a device: what is measured below the claim is lost. More of it is "
      "bonded, less frees nothing before the exit. It counts from the second next epoch on");
  AddChain(command, options.device.chain);
  AddOwner(command, options.device.owner);
  AddDevice(command, options.device.device);
  command
      ->add_option("--ops-per-second", options.ops_per_second,
                   "claimed rate, as `measure` gives it less some room")
      ->required();
}

void AddWithdraw(CLI::App& app, WithdrawOptions& options) {
  CLI::App* command =
      app.add_subcommand("withdraw", "mint what the owner's devices have earned, to the owner");
  AddChain(command, options.chain);
  AddOwner(command, options.owner);
}

void AddStatus(CLI::App& app, StatusOptions& options) {
  CLI::App* command = app.add_subcommand(
      "status",
      "print phase, weight, bond and earnings of devices, and how their last epochs were settled");
  AddChain(command, options.chain);
  command->add_option("--device", options.devices, "ids; without, those of the config")
      ->delimiter(',')
      ->check(CLI::Range(std::uint32_t{0}, challenges::kMostDeviceId));
  command->add_option("--epochs", options.epochs, "how many epochs to look back")
      ->check(CLI::Range(1u, 1000u))
      ->capture_default_str();
  command->add_flag("--json", options.json, "one JSON object; amounts in wei");
}

}  // namespace

void AddOwnerCommands(CLI::App& app, OwnerArguments& arguments) {
  AddRegister(app, arguments.registration);
  AddDeregister(app, arguments.deregister);
  AddSetEndpoint(app, arguments.endpoint);
  AddSetWeight(app, arguments.weight);
  AddWithdraw(app, arguments.withdraw);
  AddStatus(app, arguments.status);
}

bool IsOwnerCommand(const CLI::App& app) {
  for (const char* name :
       {"register", "deregister", "set-endpoint", "set-weight", "withdraw", "status"}) {
    if (app.got_subcommand(name)) return true;
  }
  return false;
}

absl::Status RunOwnerCommand(const CLI::App& app, const OwnerArguments& arguments) {
  if (app.got_subcommand("register")) {
    return RegisterDevice(arguments.registration, std::cout, std::cerr);
  }
  if (app.got_subcommand("deregister")) {
    return DeregisterDevice(arguments.deregister, std::cout, std::cerr);
  }
  if (app.got_subcommand("set-endpoint")) {
    return SetDeviceEndpoint(arguments.endpoint, std::cout, std::cerr);
  }
  if (app.got_subcommand("set-weight")) {
    return SetDeviceWeight(arguments.weight, std::cout, std::cerr);
  }
  if (app.got_subcommand("withdraw")) {
    return WithdrawEarned(arguments.withdraw, std::cout, std::cerr);
  }
  return ShowStatus(arguments.status, std::cout);
}

}  // namespace kaisar::provider
