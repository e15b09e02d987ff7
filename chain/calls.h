#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/uint256.h"

namespace kaisar::chain {

/// Inputs of the transactions that this project sends, by contract. Vectors made by ethers:
/// tests/vectors/chain/.

// BlockHashBeacon
Bytes OpenEpochCall(std::uint32_t epoch, ByteView header, ByteView parent);
Bytes RequestLateCall(std::uint32_t epoch);
Bytes OpenLateCall(std::uint32_t epoch);

// Reports
Bytes CommitCall(std::uint32_t epoch, std::uint32_t slot, const Digest& commitment);
struct Reveal {
  std::uint32_t epoch = 0;
  std::uint32_t slot = 0;
  Digest secret{};
  Digest transcript_root{};
  Digest policy_hash{};
  std::vector<Digest> words;
};
Bytes RevealCall(const Reveal& reveal);
Bytes MarkMissedCall(std::uint32_t epoch, std::uint32_t slot);
Bytes MarkUnrevealedCall(std::uint32_t epoch, std::uint32_t slot);

// Settlement
struct Proof {
  Digest word{};
  std::uint32_t index = 0;
  std::uint32_t next = 0;  // uint24
  std::vector<Digest> path;
};
struct SettleItem {
  std::uint32_t device = 0;
  std::vector<Proof> proofs;  // one a member, in committee order
};
Bytes SettleCall(std::uint32_t epoch, const SettleItem& item);
Bytes SettleBatchCall(std::uint32_t epoch, const std::vector<SettleItem>& items);
Bytes WithdrawCall();
Bytes WithdrawSlotsCall(const std::vector<std::uint32_t>& slots);

// KaiToken and CheckerLicense
Bytes TransferCall(const Address& to, const Uint256& amount);
Bytes ApproveCall(const Address& spender, const Uint256& amount_or_license);

// Slots
struct SlotRegistration {
  Uint256 license;
  Address hot_key{};
  Digest tls_pin{};
  Digest anchor{};
  std::uint32_t first_epoch = 0;
};
Bytes RegisterSlotCall(const SlotRegistration& registration);
Bytes SetHotKeyCall(std::uint32_t slot, const Address& hot_key);
Bytes SetTlsPinCall(std::uint32_t slot, const Digest& tls_pin);
Bytes SetAnchorCall(std::uint32_t slot, const Digest& anchor, std::uint32_t first_epoch);
Bytes RequestExitCall(std::uint32_t slot);
Bytes ClaimSlotCall(std::uint32_t slot);

// Devices
struct DeviceRegistration {
  Address key{};
  Digest tls_pin{};
  std::string endpoint;
  std::string device_class;  // 1 to 31 ASCII characters
  std::string region;        // 0 to 31
  std::uint32_t weight = 0;
  std::uint64_t down_bits_per_second = 0;
  std::uint64_t up_bits_per_second = 0;
};
Bytes RegisterDeviceCall(const DeviceRegistration& registration);
Bytes SetEndpointCall(std::uint32_t device, const std::string& endpoint, const Digest& tls_pin);
Bytes SetWeightCall(std::uint32_t device, std::uint32_t weight);
Bytes ExitDeviceCall(std::uint32_t device);
Bytes ClaimBondCall(std::uint32_t device);

}  // namespace kaisar::chain
