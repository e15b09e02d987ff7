#include "challenges/roster.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "challenges/limits.h"

namespace kaisar::challenges {
namespace {

constexpr std::size_t kMostTextBytes = 512;  // of endpoint, class and region

absl::Status Wrong(const std::string& who, absl::string_view field, absl::string_view value,
                   absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat(who, ": ", field, " is ", value, ", expected ", expected));
}

absl::Status CheckSize(const std::string& who, absl::string_view field, const std::string& bytes,
                       std::size_t expected) {
  if (bytes.size() == expected) return absl::OkStatus();
  return Wrong(who, field, absl::StrCat(bytes.size(), " bytes"), absl::StrCat(expected));
}

absl::Status CheckText(const std::string& who, absl::string_view field, const std::string& text) {
  if (text.size() <= kMostTextBytes) return absl::OkStatus();
  return Wrong(who, field, absl::StrCat(text.size(), " bytes"),
               absl::StrCat("at most ", kMostTextBytes));
}

absl::Status CheckClaim(const std::string& who, absl::string_view field, std::uint64_t claim) {
  if (claim > 0) return absl::OkStatus();
  return Wrong(who, field, "0", "more than 0");
}

absl::Status ValidateSlot(const v1::Slot& slot) {
  const std::string who = absl::StrCat("slot ", slot.id());
  RETURN_IF_ERROR(CheckSize(who, "key", slot.key(), 20));
  RETURN_IF_ERROR(CheckSize(who, "tls_pin", slot.tls_pin(), 32));
  return CheckSize(who, "anchor", slot.anchor(), 32);
}

/// Ids must ascend, which also makes them unique.
template <typename Entries>
absl::Status CheckOrder(absl::string_view what, const Entries& entries) {
  for (int i = 1; i < entries.size(); ++i) {
    const std::uint32_t before = entries[i - 1].id();
    const std::uint32_t id = entries[i].id();
    const std::string who = absl::StrCat(what, " ", id);
    if (id == before) return Wrong(who, "id", absl::StrCat(id), "each id once");
    if (id < before) {
      return Wrong(who, "id", absl::StrCat(id, " after ", before), "ascending ids");
    }
  }
  return absl::OkStatus();
}

template <typename Entries>
auto Find(const Entries& entries, std::uint32_t id) -> decltype(&*entries.begin()) {
  const auto found =
      std::lower_bound(entries.begin(), entries.end(), id,
                       [](const auto& entry, std::uint32_t wanted) { return entry.id() < wanted; });
  return found == entries.end() || found->id() != id ? nullptr : &*found;
}

}  // namespace

absl::Status ValidateDevice(const v1::Device& device, const Policy& policy) {
  const std::string who = absl::StrCat("device ", device.id());
  if (device.id() > kMostDeviceId) {
    return Wrong(who, "id", absl::StrCat(device.id()), absl::StrCat("at most ", kMostDeviceId));
  }
  RETURN_IF_ERROR(CheckSize(who, "owner", device.owner(), 20));
  RETURN_IF_ERROR(CheckSize(who, "key", device.key(), 20));
  RETURN_IF_ERROR(CheckSize(who, "tls_pin", device.tls_pin(), 32));
  RETURN_IF_ERROR(CheckText(who, "endpoint", device.endpoint()));
  RETURN_IF_ERROR(CheckText(who, "region", device.region()));
  RETURN_IF_ERROR(CheckText(who, "device_class", device.device_class()));
  if (policy.classes.find(device.device_class()) == policy.classes.end()) {
    return Wrong(who, "device_class", absl::StrCat("\"", device.device_class(), "\""),
                 "a class of the policy");
  }
  if (policy.phases.find(device.phase()) == policy.phases.end()) {
    return Wrong(who, "phase", absl::StrCat(static_cast<int>(device.phase())),
                 "a phase of the policy");
  }
  RETURN_IF_ERROR(CheckClaim(who, "ops_per_second", device.ops_per_second()));
  RETURN_IF_ERROR(CheckClaim(who, "down_bits_per_second", device.down_bits_per_second()));
  return CheckClaim(who, "up_bits_per_second", device.up_bits_per_second());
}

absl::Status ValidateRoster(const v1::Roster& roster, const Policy& policy, std::uint32_t slot) {
  RETURN_IF_ERROR(CheckSize("roster", "contract", roster.contract(), 20));
  for (const v1::Device& device : roster.devices()) {
    RETURN_IF_ERROR(ValidateDevice(device, policy));
  }
  for (const v1::Slot& entry : roster.slots()) RETURN_IF_ERROR(ValidateSlot(entry));
  RETURN_IF_ERROR(CheckOrder("device", roster.devices()));
  RETURN_IF_ERROR(CheckOrder("slot", roster.slots()));
  if (FindSlot(roster, slot) == nullptr) {
    return Wrong("roster", "slot", absl::StrCat(slot), "one of the roster's slots");
  }
  return absl::OkStatus();
}

const v1::Device* FindDevice(const v1::Roster& roster, std::uint32_t id) {
  return Find(roster.devices(), id);
}

const v1::Slot* FindSlot(const v1::Roster& roster, std::uint32_t id) {
  return Find(roster.slots(), id);
}

SigningDomain DomainOf(const v1::Roster& roster) {
  return SigningDomain{roster.chain_id(), ToAddress(roster.contract())};
}

Address ToAddress(const std::string& bytes) {
  Address address{};
  KAISAR_CHECK(CopyExactly(ViewOf(bytes), address));
  return address;
}

Digest ToDigest(const std::string& bytes) {
  Digest digest{};
  KAISAR_CHECK(CopyExactly(ViewOf(bytes), digest));
  return digest;
}

}  // namespace kaisar::challenges
