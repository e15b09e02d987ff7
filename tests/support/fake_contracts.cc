#include "tests/support/fake_contracts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/keccak256.h"

// What each function does is in fake_contract_views.cc and fake_contract_actions.cc.
namespace kaisar::testing {
namespace {

Address InventedAddress(std::uint8_t number) {
  Address address{};
  address.front() = 0xc0;
  address.back() = number;
  return address;
}

}  // namespace

chain::Deployment FakeDeployment(std::uint64_t genesis_s, std::uint32_t epoch_seconds) {
  chain::Deployment deployment;
  deployment.chain_id = 31337;
  deployment.token = InventedAddress(1);
  deployment.license = InventedAddress(2);
  deployment.emission = InventedAddress(3);
  deployment.beacon = InventedAddress(4);
  deployment.devices = InventedAddress(5);
  deployment.slots = InventedAddress(6);
  deployment.reports = InventedAddress(7);
  deployment.settlement = InventedAddress(8);
  deployment.schedule = {genesis_s,      epoch_seconds, epoch_seconds / 12, epoch_seconds / 12,
                         28 * 24 * 3600, 7 * 24 * 3600, 14 * 24 * 3600};
  deployment.provider_percent = 80;
  deployment.band = 6;
  return deployment;
}

const std::vector<FakeContracts::Function>& FakeContracts::Functions() {
  static const std::vector<Function> functions = {
      {"openings(uint32)", &FakeContracts::Openings},
      {"openEpoch(uint32,bytes,bytes)", &FakeContracts::OpenEpoch},
      {"requestLate(uint32)", &FakeContracts::RequestLate},
      {"openLate(uint32)", &FakeContracts::OpenLate},
      {"countsFrom()", &FakeContracts::CountsFrom},
      {"countAt(uint32)", &FakeContracts::CountAt},
      {"slot(uint32)", &FakeContracts::Slot},
      {"page(uint32,uint32)", &FakeContracts::SlotPage},
      {"hotKeyAt(uint32,uint32)", &FakeContracts::HotKeyAt},
      {"slotOf(address)", &FakeContracts::SlotOf},
      {"count()", &FakeContracts::DeviceCount},
      {"device(uint24)", &FakeContracts::DeviceOf},
      {"page(uint24,uint24,uint32)", &FakeContracts::DevicePage},
      {"at(uint24,uint32)", &FakeContracts::DeviceAt},
      {"totalWeightAt(uint32)", &FakeContracts::TotalWeightAt},
      {"reportsOf(uint32,uint32[])", &FakeContracts::ReportsOf},
      {"commit(uint32,uint32,bytes32)", &FakeContracts::Commit},
      {"reveal(uint32,uint32,bytes32,bytes32,bytes32,bytes32[])", &FakeContracts::Reveal},
      {"markMissed(uint32,uint32)", &FakeContracts::MarkMissed},
      {"markUnrevealed(uint32,uint32)", &FakeContracts::MarkUnrevealed},
      {"settled(uint32,uint24)", &FakeContracts::IsSettled},
      {"account(uint32)", &FakeContracts::AccountOf},
      {"settleBatch(uint32,(uint24,(bytes32,uint32,uint24,bytes32[])[])[])",
       &FakeContracts::SettleBatch},
  };
  return functions;
}

absl::StatusOr<Bytes> FakeContracts::Call(const Address& to, const Bytes& input,
                                          const FakeCallContext& context,
                                          std::vector<chain::LogEntry>& logs) {
  const std::vector<Address> known = {
      deployment_.token,   deployment_.license, deployment_.emission, deployment_.beacon,
      deployment_.devices, deployment_.slots,   deployment_.reports,  deployment_.settlement};
  if (std::find(known.begin(), known.end(), to) == known.end()) return Bytes();  // no code there
  if (input.size() < 4) return absl::AbortedError("reverted: no function");
  const Bytes selector(input.begin(), input.begin() + 4);
  for (const auto& [signature, answer] : answers) {
    if (chain::Selector(signature) == selector) return answer;
  }
  for (const Function& function : Functions()) {
    if (chain::Selector(function.signature) != selector) continue;
    Frame frame{chain::AbiDecoder(ByteView(input).subspan(4)), context, logs};
    Result result = (this->*function.run)(frame);
    if (!frame.arguments.status().ok()) {
      return absl::AbortedError(absl::StrCat("reverted: ", frame.arguments.status().message()));
    }
    return result;
  }
  return absl::AbortedError("reverted: no such function in the model");
}

}  // namespace kaisar::testing
