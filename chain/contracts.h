#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/uint256.h"
#include "chain/chain_client.h"
#include "chain/deployment.h"

namespace kaisar::chain {

enum class Phase : std::uint8_t { kNone, kRegistering, kStandby, kInService };

struct Opening {
  Digest beacon{};
  std::uint64_t block_number = 0;
  std::uint64_t timestamp_s = 0;
};

struct SlotState {
  Address owner{};
  Address hot_key{};
  Digest tls_pin{};
  Digest anchor{};
  std::uint32_t anchor_epoch = 0;
  Uint256 stake;
  Uint256 license;
  std::uint32_t active_from = 0;
  std::uint32_t active_until = 0;  // exclusive; 2^32 - 1: no end
  std::uint64_t claimable_at = 0;  // Unix seconds; 0: no exit asked for
  std::uint32_t streak = 0;        // missed epochs in a row
  bool ejected = false;
};

/// A hash chain that takes the place of a slot's later on.
struct NextAnchor {
  Digest anchor{};
  std::uint32_t first_epoch = 0;
};

struct DeviceState {
  std::uint32_t id = 0;
  Address owner{};
  Address key{};
  Digest tls_pin{};
  std::string endpoint;
  std::string device_class;
  std::string region;
  std::uint64_t down_bits_per_second = 0;
  std::uint64_t up_bits_per_second = 0;
  std::uint32_t weight =
      0;  // at the asked epoch (page), or the latest (device); 10^9 operations per second
  Phase phase = Phase::kNone;
  Uint256 bond;
  std::uint64_t exit_at = 0;
};

struct SlotAccount {
  Uint256 owed;  // wei of KAI
  std::uint64_t agreed = 0;
  std::uint64_t disagreed = 0;
};

/// Reads the contracts' state by typed views. A null block asks for the newest state.
///
/// Errors:  those of ChainClient::Call; Unavailable when the returned bytes are not what the
///          contract returns (a wrong address, or an endpoint that answers garbage).
/// Threads: as the client.
class Contracts {
 public:
  using At = std::optional<std::uint64_t>;  // block number

  /// Both must outlive it.
  Contracts(ChainClient& client, const Deployment& deployment)
      : client_(client), deployment_(deployment) {}

  const Deployment& deployment() const { return deployment_; }
  ChainClient& client() const { return client_; }

  /// Null while the epoch is not opened.
  absl::StatusOr<std::optional<Opening>> FindOpening(std::uint32_t epoch, At at = {});
  absl::StatusOr<std::uint32_t> CountsFrom(At at = {});

  absl::StatusOr<std::uint32_t> SlotCountAt(std::uint32_t epoch, At at = {});
  absl::StatusOr<SlotState> Slot(std::uint32_t id, At at = {});
  absl::StatusOr<std::vector<SlotState>> Slots(At at = {});  // all ids from 0
  absl::StatusOr<Address> HotKeyAt(std::uint32_t slot, std::uint32_t epoch, At at = {});
  absl::StatusOr<std::optional<std::uint32_t>> SlotOf(const Address& hot_key, At at = {});
  /// Null when none is waiting.
  absl::StatusOr<std::optional<NextAnchor>> FindNextAnchor(std::uint32_t slot, At at = {});
  absl::StatusOr<Uint256> StakeRequired(At at = {});

  absl::StatusOr<std::uint32_t> DeviceCount(At at = {});
  absl::StatusOr<DeviceState> Device(std::uint32_t id, At at = {});
  /// All devices with weight in an epoch, ascending.
  absl::StatusOr<std::vector<DeviceState>> DevicesOf(std::uint32_t epoch, At at = {});
  /// Weight and checkpointed phase of one device in an epoch.
  absl::StatusOr<DeviceState> DeviceAt(std::uint32_t id, std::uint32_t epoch, At at = {});
  absl::StatusOr<std::uint64_t> TotalWeightAt(std::uint32_t epoch, At at = {});
  absl::StatusOr<bool> WasInService(std::uint32_t id, std::uint32_t epoch, At at = {});
  absl::StatusOr<Uint256> BondPerWeight(At at = {});

  /// Zero, a commitment (lowest bit 0) or a root (lowest bit 1).
  absl::StatusOr<std::vector<Digest>> ReportsOf(std::uint32_t epoch,
                                                const std::vector<std::uint32_t>& slots,
                                                At at = {});
  absl::StatusOr<bool> IsSettled(std::uint32_t epoch, std::uint32_t device, At at = {});
  absl::StatusOr<SlotAccount> AccountOf(std::uint32_t slot, At at = {});
  absl::StatusOr<Uint256> Earned(const Address& owner, At at = {});
  absl::StatusOr<Uint256> EmissionOf(std::uint32_t epoch, At at = {});
  absl::StatusOr<Uint256> Funded(std::uint32_t epoch, At at = {});
  absl::StatusOr<Uint256> TokenBalance(const Address& account, At at = {});
  absl::StatusOr<Uint256> Allowance(const Address& owner, const Address& spender, At at = {});
  /// Errors: Aborted when there is no such licence.
  absl::StatusOr<Address> LicenseOwner(const Uint256& license, At at = {});

 private:
  absl::StatusOr<Bytes> View(const Address& to, Bytes input, At at);
  ChainClient& client_;
  const Deployment& deployment_;
};

}  // namespace kaisar::chain
