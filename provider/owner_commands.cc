#include "provider/owner_commands.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/endpoint.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "chain/calls.h"
#include "provider/key_files.h"

namespace kaisar::provider {
namespace {

std::string TimeText(std::uint64_t unix_s) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                          absl::FromUnixSeconds(static_cast<std::int64_t>(unix_s)),
                          absl::UTCTimeZone());
}

/// An owner, the chain, and a device of that owner's.
struct OwnedDevice {
  std::unique_ptr<ChainAccess> access;
  OwnerAccount owner;
  chain::DeviceState state;
};

absl::StatusOr<OwnedDevice> OpenDevice(const DeviceOptions& options, std::ostream& progress) {
  ASSIGN_OR_RETURN(const ChainConfig config, FindChain(options.chain));
  ASSIGN_OR_RETURN(auto access, OpenChain(config, RealClock()));
  ASSIGN_OR_RETURN(OwnerAccount owner, OwnerAccount::Open(options.owner, *access, progress));
  ASSIGN_OR_RETURN(chain::DeviceState state, access->contracts().Device(options.device));
  if (state.owner != owner.address()) {
    return absl::FailedPreconditionError(absl::StrCat("device ", options.device, " belongs to 0x",
                                                      ToHex(state.owner), ", the keystore is of 0x",
                                                      ToHex(owner.address())));
  }
  return OwnedDevice{std::move(access), std::move(owner), std::move(state)};
}

absl::Status ClaimBond(const OwnedDevice& of, std::uint32_t device, OwnerAccount& owner,
                       std::ostream& out) {
  ASSIGN_OR_RETURN(const chain::Block latest, of.access->client().Latest());
  if (latest.timestamp_s < of.state.exit_at) {
    out << "device: " << device << "\n"
        << "bond_free_at: " << TimeText(of.state.exit_at) << "\n"
        << "# The exit was asked for. Run this again then, to get the bond of "
        << FormatEther(of.state.bond) << " KAI.\n";
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(
      const chain::Receipt receipt,
      owner.Send("claim the bond", of.access->deployment().devices, chain::ClaimBondCall(device)));
  out << "device: " << device << "\n"
      << "claimed_kai: \"" << FormatEther(of.state.bond, 18) << "\"\n"
      << "transaction: \"0x" << ToHex(receipt.transaction) << "\"\n";
  return absl::OkStatus();
}

}  // namespace

absl::Status DeregisterDevice(const DeviceOptions& options, std::ostream& out,
                              std::ostream& progress) {
  ASSIGN_OR_RETURN(OwnedDevice of, OpenDevice(options, progress));
  if (of.state.exit_at != 0) return ClaimBond(of, options.device, of.owner, out);
  RETURN_IF_ERROR(of.owner.Confirm(absl::StrCat("device ", options.device, " leaves; its bond of ",
                                                FormatEther(of.state.bond), " KAI is free ",
                                                of.access->deployment().schedule.unbonding_seconds,
                                                " s later, and its id is never used again")));
  ASSIGN_OR_RETURN(const chain::Receipt receipt,
                   of.owner.Send("exit", of.access->deployment().devices,
                                 chain::ExitDeviceCall(options.device)));
  ASSIGN_OR_RETURN(const chain::DeviceState state,
                   of.access->contracts().Device(options.device, receipt.block_number));
  ASSIGN_OR_RETURN(const std::uint32_t counts_from,
                   of.access->contracts().CountsFrom(receipt.block_number));
  out << "device: " << options.device << "\n"
      << "last_epoch: " << (counts_from == 0 ? "none" : absl::StrCat(counts_from - 1)) << "\n"
      << "bond_free_at: " << TimeText(state.exit_at) << "\n"
      << "transaction: \"0x" << ToHex(receipt.transaction) << "\"\n"
      << "# Keep the provider running to the end of its last epoch: until then it is checked.\n"
      << "# Run this again when the bond is free, to get it.\n";
  return absl::OkStatus();
}

absl::Status SetDeviceEndpoint(const EndpointOptions& options, std::ostream& out,
                               std::ostream& progress) {
  RETURN_IF_ERROR(ParseEndpoint(options.endpoint).status());
  ASSIGN_OR_RETURN(OwnedDevice of, OpenDevice(options.device, progress));
  Digest pin = of.state.tls_pin;
  if (!options.tls_key.empty()) {
    ASSIGN_OR_RETURN(pin, ReadTlsPin(options.tls_key));
  }
  const std::uint32_t device = options.device.device;
  RETURN_IF_ERROR(of.owner.Confirm(
      absl::StrCat("device ", device, " moves from ", of.state.endpoint, " to ", options.endpoint,
                   pin == of.state.tls_pin ? "" : ", with another TLS key")));
  ASSIGN_OR_RETURN(const chain::Receipt receipt,
                   of.owner.Send("set the endpoint", of.access->deployment().devices,
                                 chain::SetEndpointCall(device, options.endpoint, pin)));
  out << "device: " << device << "\n"
      << "endpoint: " << options.endpoint << "\n"
      << "tls_pin: \"" << ToHex(pin) << "\"\n"
      << "transaction: \"0x" << ToHex(receipt.transaction) << "\"\n"
      << "# Checkers read it with the roster of the next epoch; keep the old endpoint until "
         "then.\n";
  return absl::OkStatus();
}

absl::Status SetDeviceWeight(const WeightOptions& options, std::ostream& out,
                             std::ostream& progress) {
  ASSIGN_OR_RETURN(const std::uint32_t weight, WeightOf(options.ops_per_second));
  ASSIGN_OR_RETURN(OwnedDevice of, OpenDevice(options.device, progress));
  const std::uint32_t device = options.device.device;
  ASSIGN_OR_RETURN(const Uint256 per_weight, of.access->contracts().BondPerWeight());
  const Uint256 bond = std::max(per_weight * weight, of.state.bond);
  const Uint256 lacks = bond - of.state.bond;
  RETURN_IF_ERROR(of.owner.NeedKai(lacks));
  RETURN_IF_ERROR(of.owner.Confirm(absl::StrCat("device ", device, " claims ", weight,
                                                " Gop/s in the place of ", of.state.weight,
                                                ", and bonds ", FormatEther(lacks), " KAI more")));
  const Address& devices = of.access->deployment().devices;
  if (!lacks.is_zero()) RETURN_IF_ERROR(of.owner.Approve(devices, lacks));
  ASSIGN_OR_RETURN(const chain::Receipt receipt,
                   of.owner.Send("set the weight", devices, chain::SetWeightCall(device, weight)));
  ASSIGN_OR_RETURN(const std::uint32_t counts_from,
                   of.access->contracts().CountsFrom(receipt.block_number));
  out << "device: " << device << "\n"
      << "weight: " << weight << "\n"
      << "bond_kai: \"" << FormatEther(bond, 18) << "\"\n"
      << "counts_from: " << counts_from << "\n"
      << "transaction: \"0x" << ToHex(receipt.transaction) << "\"\n";
  return absl::OkStatus();
}

absl::Status WithdrawEarned(const WithdrawOptions& options, std::ostream& out,
                            std::ostream& progress) {
  ASSIGN_OR_RETURN(const ChainConfig config, FindChain(options.chain));
  ASSIGN_OR_RETURN(const auto access, OpenChain(config, RealClock()));
  ASSIGN_OR_RETURN(OwnerAccount owner, OwnerAccount::Open(options.owner, *access, progress));
  ASSIGN_OR_RETURN(const Uint256 earned, access->contracts().Earned(owner.address()));
  if (earned.is_zero()) {
    out << "withdrawn_kai: \"0\"\n# Nothing is earned that was not withdrawn.\n";
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(owner.Confirm(
      absl::StrCat("0x", ToHex(owner.address()), " withdraws ", FormatEther(earned), " KAI")));
  ASSIGN_OR_RETURN(const chain::Receipt receipt,
                   owner.Send("withdraw", access->deployment().settlement, chain::WithdrawCall()));
  // More may have been settled on the way.
  ASSIGN_OR_RETURN(const Uint256 left, access->contracts().Earned(owner.address()));
  out << "withdrawn_kai: \"" << FormatEther(earned, 18) << "\"\n"
      << "left_kai: \"" << FormatEther(left, 18) << "\"\n"
      << "transaction: \"0x" << ToHex(receipt.transaction) << "\"\n";
  return absl::OkStatus();
}

}  // namespace kaisar::provider
