#include "chain/contracts.h"

#include <utility>

#include "base/status_macros.h"
#include "chain/abi.h"
#include "chain/decode_view.h"

// The views of slots and devices are in contracts_slots.cc and contracts_devices.cc.
namespace kaisar::chain {
namespace {

Uint256 ReadUint(AbiDecoder& decoder) {
  return decoder.Uint();
}

AbiEncoder Epoch(std::uint32_t epoch) {
  return AbiEncoder().Uint(epoch);
}

}  // namespace

absl::StatusOr<Bytes> Contracts::View(const Address& to, Bytes input, At at) {
  ViewCall call;
  call.to = to;
  call.input = std::move(input);
  call.block = at;
  return client_.Call(call);
}

absl::StatusOr<std::optional<Opening>> Contracts::FindOpening(std::uint32_t epoch, At at) {
  ASSIGN_OR_RETURN(const Bytes bytes,
                   View(deployment_.beacon, EncodeCall("openings(uint32)", Epoch(epoch)), at));
  ASSIGN_OR_RETURN(const Opening opening, DecodeView("openings", bytes, [](AbiDecoder& decoder) {
                     Opening read;
                     read.beacon = decoder.Bytes32();
                     read.block_number = decoder.Uint64();
                     read.timestamp_s = decoder.Uint64();
                     return read;
                   }));
  if (opening.beacon == Digest{}) return std::nullopt;
  return opening;
}

absl::StatusOr<std::uint32_t> Contracts::CountsFrom(At at) {
  ASSIGN_OR_RETURN(const Bytes bytes,
                   View(deployment_.slots, EncodeCall("countsFrom()", AbiEncoder()), at));
  return DecodeView("countsFrom", bytes, [](AbiDecoder& decoder) {
    return static_cast<std::uint32_t>(decoder.Uint64(32));
  });
}

absl::StatusOr<std::vector<Digest>> Contracts::ReportsOf(std::uint32_t epoch,
                                                         const std::vector<std::uint32_t>& slots,
                                                         At at) {
  std::vector<AbiEncoder> ids;
  for (const std::uint32_t slot : slots) ids.push_back(AbiEncoder().Uint(slot));
  ASSIGN_OR_RETURN(
      const Bytes bytes,
      View(deployment_.reports,
           EncodeCall("reportsOf(uint32,uint32[])", Epoch(epoch).StaticArray(ids)), at));
  ASSIGN_OR_RETURN(std::vector<Digest> reports,
                   DecodeView("reportsOf", bytes, [&](AbiDecoder& decoder) {
                     std::vector<Digest> read;
                     decoder.Array(1, slots.size(),
                                   [&](AbiDecoder& element) { read.push_back(element.Bytes32()); });
                     return read;
                   }));
  if (reports.size() != slots.size()) {
    return absl::UnavailableError(
        absl::StrCat("reportsOf returned ", reports.size(), " reports for ", slots.size()));
  }
  return reports;
}

absl::StatusOr<bool> Contracts::IsSettled(std::uint32_t epoch, std::uint32_t device, At at) {
  ASSIGN_OR_RETURN(const Bytes bytes,
                   View(deployment_.settlement,
                        EncodeCall("settled(uint32,uint24)", Epoch(epoch).Uint(device)), at));
  return DecodeView("settled", bytes, [](AbiDecoder& decoder) { return decoder.Boolean(); });
}

absl::StatusOr<SlotAccount> Contracts::AccountOf(std::uint32_t slot, At at) {
  ASSIGN_OR_RETURN(
      const Bytes bytes,
      View(deployment_.settlement, EncodeCall("account(uint32)", AbiEncoder().Uint(slot)), at));
  return DecodeView("account", bytes, [](AbiDecoder& decoder) {
    SlotAccount account;
    account.owed = decoder.Uint(128);
    account.agreed = decoder.Uint64();
    account.disagreed = decoder.Uint64();
    return account;
  });
}

absl::StatusOr<Uint256> Contracts::Earned(const Address& owner, At at) {
  ASSIGN_OR_RETURN(const Bytes bytes,
                   View(deployment_.settlement,
                        EncodeCall("earned(address)", AbiEncoder().EvmAddress(owner)), at));
  return DecodeView("earned", bytes, ReadUint);
}

absl::StatusOr<Uint256> Contracts::EmissionOf(std::uint32_t epoch, At at) {
  ASSIGN_OR_RETURN(const Bytes bytes,
                   View(deployment_.emission, EncodeCall("emissionOf(uint32)", Epoch(epoch)), at));
  return DecodeView("emissionOf", bytes, ReadUint);
}

absl::StatusOr<Uint256> Contracts::Funded(std::uint32_t epoch, At at) {
  ASSIGN_OR_RETURN(const Bytes bytes,
                   View(deployment_.emission, EncodeCall("funded(uint32)", Epoch(epoch)), at));
  return DecodeView("funded", bytes, ReadUint);
}

absl::StatusOr<Uint256> Contracts::TokenBalance(const Address& account, At at) {
  ASSIGN_OR_RETURN(const Bytes bytes,
                   View(deployment_.token,
                        EncodeCall("balanceOf(address)", AbiEncoder().EvmAddress(account)), at));
  return DecodeView("balanceOf", bytes, ReadUint);
}

absl::StatusOr<Uint256> Contracts::Allowance(const Address& owner, const Address& spender, At at) {
  ASSIGN_OR_RETURN(const Bytes bytes,
                   View(deployment_.token,
                        EncodeCall("allowance(address,address)",
                                   AbiEncoder().EvmAddress(owner).EvmAddress(spender)),
                        at));
  return DecodeView("allowance", bytes, ReadUint);
}

absl::StatusOr<Address> Contracts::LicenseOwner(const Uint256& license, At at) {
  ASSIGN_OR_RETURN(
      const Bytes bytes,
      View(deployment_.license, EncodeCall("ownerOf(uint256)", AbiEncoder().Uint(license)), at));
  return DecodeView("ownerOf", bytes, [](AbiDecoder& decoder) { return decoder.EvmAddress(); });
}

}  // namespace kaisar::chain
