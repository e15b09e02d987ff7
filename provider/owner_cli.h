#pragma once

#include "absl/status/status.h"
#include "provider/owner_commands.h"

namespace CLI {
class App;
}

namespace kaisar::provider {

/// What the owner's commands were told.
struct OwnerArguments {
  RegisterOptions registration;
  DeviceOptions deregister;
  EndpointOptions endpoint;
  WeightOptions weight;
  WithdrawOptions withdraw;
  StatusOptions status;
};

/// Adds `register`, `deregister`, `set-endpoint`, `set-weight`, `withdraw` and `status`; parsing
/// fills `arguments`, which must outlive the app.
void AddOwnerCommands(CLI::App& app, OwnerArguments& arguments);

/// Whether one of them was given.
bool IsOwnerCommand(const CLI::App& app);

/// Runs the one that was given; results on standard output, progress on standard error.
absl::Status RunOwnerCommand(const CLI::App& app, const OwnerArguments& arguments);

}  // namespace kaisar::provider
