#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "provider/chain_access.h"
#include "provider/owner_account.h"

namespace kaisar::provider {

/// Commands of a device's owner on the chain. Results go to `out` as YAML (or JSON where a command
/// says so), progress lines to `progress`.
///
/// Errors: InvalidArgument for what was asked wrongly; those of OwnerAccount and chain::Contracts.

struct RegisterOptions {
  ChainOptions chain;
  OwnerOptions owner;
  std::string keys;           // folder of `keys new`
  std::string keys_password;  // path, or "fd:N"; empty: the file `password` in the folder
  std::string endpoint;       // where checkers reach the device
  std::string device_class;   // as the policy names it
  std::string region;         // may be empty
  std::uint64_t ops_per_second = 0;
  std::uint64_t down_bits_per_second = 0;
  std::uint64_t up_bits_per_second = 0;
};

/// `register`: approves the bond, registers the device, and prints its id, weight and bond, the
/// first epoch that counts, the transaction, and what belongs into provider.yaml.
absl::Status RegisterDevice(const RegisterOptions& options, std::ostream& out,
                            std::ostream& progress);

struct DeviceOptions {
  ChainOptions chain;
  OwnerOptions owner;
  std::uint32_t device = 0;
};

/// `deregister`: asks for the exit, or claims the bond once it is free, and says what comes next.
absl::Status DeregisterDevice(const DeviceOptions& options, std::ostream& out,
                              std::ostream& progress);

struct EndpointOptions {
  DeviceOptions device;
  std::string endpoint;
  std::string tls_key;  // PEM file of the TLS key; empty: the pin stays
};

/// `set-endpoint`: tells checkers where the device is from now on.
absl::Status SetDeviceEndpoint(const EndpointOptions& options, std::ostream& out,
                               std::ostream& progress);

/// What a claimed rate weighs, docs/settlement.md, Units.
///
/// Errors: InvalidArgument when it is below one unit of weight, or above the largest.
absl::StatusOr<std::uint32_t> WeightOf(std::uint64_t ops_per_second);

struct WeightOptions {
  DeviceOptions device;
  std::uint64_t ops_per_second = 0;
};

/// `set-weight`: claims another rate for the device, and bonds what its bond then lacks.
absl::Status SetDeviceWeight(const WeightOptions& options, std::ostream& out,
                             std::ostream& progress);

struct WithdrawOptions {
  ChainOptions chain;
  OwnerOptions owner;
};

/// `withdraw`: mints what the owner's devices have earned.
absl::Status WithdrawEarned(const WithdrawOptions& options, std::ostream& out,
                            std::ostream& progress);

struct StatusOptions {
  ChainOptions chain;
  std::vector<std::uint32_t> devices;  // empty: those of the config
  std::uint32_t epochs = 4;            // how many are looked back for what was settled
  bool json = false;
};

/// `status`: phase, weight, bond and earnings of devices, and how their last epochs were settled.
absl::Status ShowStatus(const StatusOptions& options, std::ostream& out);

}  // namespace kaisar::provider
