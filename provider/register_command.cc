#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/endpoint.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "chain/abi.h"
#include "chain/calls.h"
#include "chain/events.h"
#include "provider/key_files.h"
#include "provider/owner_commands.h"

namespace kaisar::provider {
namespace {

constexpr std::uint64_t kOpsPerWeight = 1'000'000'000;  // docs/settlement.md, Units
constexpr std::size_t kMostEndpointBytes = 255;         // as Devices takes it
constexpr std::size_t kMostNameBytes = 31;

/// What fits a left-aligned bytes32 of the contract.
absl::Status CheckName(const std::string& name, const std::string& text, std::size_t least) {
  const bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (printable && text.size() >= least && text.size() <= kMostNameBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, " is \"", text, "\", expected ", least,
                                                 " to ", kMostNameBytes,
                                                 " printable ASCII characters"));
}

absl::StatusOr<chain::DeviceRegistration> Registration(const RegisterOptions& options) {
  chain::DeviceRegistration registration;
  ASSIGN_OR_RETURN(registration.weight, WeightOf(options.ops_per_second));
  RETURN_IF_ERROR(ParseEndpoint(options.endpoint).status());
  if (options.endpoint.size() > kMostEndpointBytes) {
    return absl::InvalidArgumentError(absl::StrCat("--endpoint is ", options.endpoint.size(),
                                                   " bytes, limit ", kMostEndpointBytes));
  }
  RETURN_IF_ERROR(CheckName("--class", options.device_class, 1));
  RETURN_IF_ERROR(CheckName("--region", options.region, 0));
  ASSIGN_OR_RETURN(const KeyFiles keys, OpenKeyFiles(options.keys, options.keys_password));
  registration.key = keys.key.address();
  registration.tls_pin = keys.tls_pin;
  registration.endpoint = options.endpoint;
  registration.device_class = options.device_class;
  registration.region = options.region;
  registration.down_bits_per_second = options.down_bits_per_second;
  registration.up_bits_per_second = options.up_bits_per_second;
  return registration;
}

/// The id that the contract has given, as its event says.
absl::StatusOr<std::uint32_t> RegisteredId(ChainAccess& access, const Address& owner,
                                           const chain::Receipt& receipt) {
  Digest owner_topic{};
  std::copy(owner.begin(), owner.end(), owner_topic.end() - static_cast<int>(owner.size()));
  chain::LogFilter filter;
  filter.address = access.deployment().devices;
  filter.topics = {chain::EventTopic("DeviceRegistered(uint24,address,(address,bytes32,string,"
                                     "bytes32,bytes32,uint32,uint64,uint64),uint32)"),
                   std::nullopt, owner_topic};
  filter.from_block = filter.to_block = receipt.block_number;
  ASSIGN_OR_RETURN(const std::vector<chain::LogEntry> entries, access.client().Logs(filter));
  for (const chain::LogEntry& entry : entries) {
    if (entry.transaction != receipt.transaction || entry.topics.size() != 3) continue;
    return static_cast<std::uint32_t>(Uint256::FromWord(entry.topics[1]).ToUint64());
  }
  return absl::UnavailableError(
      absl::StrCat("the device is registered by transaction 0x", ToHex(receipt.transaction),
                   ", but the endpoint does not give the event that tells its id"));
}

}  // namespace

absl::StatusOr<std::uint32_t> WeightOf(std::uint64_t ops_per_second) {
  const std::uint64_t weight = ops_per_second / kOpsPerWeight;
  if (weight >= 1 && weight <= std::numeric_limits<std::uint32_t>::max()) {
    return static_cast<std::uint32_t>(weight);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--ops-per-second is ", ops_per_second, ", expected ", kOpsPerWeight, " to ",
                   kOpsPerWeight * std::numeric_limits<std::uint32_t>::max(), ": a weight is ",
                   kOpsPerWeight, " operations per second"));
}

absl::Status RegisterDevice(const RegisterOptions& options, std::ostream& out,
                            std::ostream& progress) {
  ASSIGN_OR_RETURN(const chain::DeviceRegistration registration, Registration(options));
  ASSIGN_OR_RETURN(const ChainConfig config, FindChain(options.chain));
  ASSIGN_OR_RETURN(const auto access, OpenChain(config, RealClock()));
  ASSIGN_OR_RETURN(OwnerAccount owner, OwnerAccount::Open(options.owner, *access, progress));
  ASSIGN_OR_RETURN(const Uint256 per_weight, access->contracts().BondPerWeight());
  const Uint256 bond = per_weight * registration.weight;
  RETURN_IF_ERROR(owner.NeedKai(bond));
  RETURN_IF_ERROR(owner.Confirm(
      absl::StrCat("0x", ToHex(owner.address()), " registers a device of class ",
                   registration.device_class, " at ", registration.endpoint, " that claims ",
                   registration.weight, " Gop/s, and bonds ", FormatEther(bond), " KAI")));
  RETURN_IF_ERROR(owner.Approve(access->deployment().devices, bond));
  ASSIGN_OR_RETURN(const chain::Receipt receipt,
                   owner.Send("register", access->deployment().devices,
                              chain::RegisterDeviceCall(registration)));
  ASSIGN_OR_RETURN(const std::uint32_t device, RegisteredId(*access, owner.address(), receipt));
  ASSIGN_OR_RETURN(const std::uint32_t counts_from,
                   access->contracts().CountsFrom(receipt.block_number));
  out << "device: " << device << "\n"
      << "weight: " << registration.weight << "\n"
      << "bond_kai: \"" << FormatEther(bond, 18) << "\"\n"
      << "counts_from: " << counts_from << "\n"
      << "transaction: \"0x" << ToHex(receipt.transaction) << "\"\n"
      << "# In provider.yaml, in the place of chain_id, contract and slots (paths from its "
         "folder):\n"
      << "# devices:\n"
      << "#   - {id: " << device << ", class: " << registration.device_class
      << ", keystore: " << KeystorePath(options.keys)
      << ", password: " << PasswordPath(options.keys, options.keys_password) << "}\n"
      << "# chain:\n"
      << "#   deployment: " << config.deployment << "\n"
      << "#   rpc: [\"" << absl::StrJoin(config.rpc, "\", \"") << "\"]\n";
  return absl::OkStatus();
}

}  // namespace kaisar::provider
