#include "provider/readiness.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/hex.h"
#include "chain/phase_name.h"

namespace kaisar::provider {
namespace {

using monitor::Problem;

constexpr std::uint64_t kSecondNs = 1'000'000'000;
/// So long the chain may be out of sight: an endpoint that restarts is no news.
constexpr std::uint64_t kUnreadNs = 120 * kSecondNs;
/// A step is worth telling while the challenges that it disturbed are fresh.
constexpr std::uint64_t kSteppedNs = 600 * kSecondNs;
/// A block is made at its timestamp or a little after it: a clock before that is behind.
constexpr std::int64_t kBehindS = 15;
/// Blocks come every few seconds.
constexpr std::int64_t kStaleS = 120;
constexpr std::size_t kMostNamed = 3;  // devices in one problem

/// The first of what is said of devices.
std::string Named(std::vector<std::string> lines) {
  const bool more = lines.size() > kMostNamed;
  lines.resize(std::min(lines.size(), kMostNamed));
  return absl::StrCat(absl::StrJoin(lines, "; "), more ? "; …" : "");
}

void FindDevices(const ServingFacts& facts, std::vector<Problem>& problems) {
  std::vector<std::string> troubles;
  for (const v1::DeviceDescription& device : facts.devices.devices()) {
    if (device.trouble().empty()) continue;
    troubles.push_back(absl::StrCat("device ", device.id(), ": ", device.trouble()));
  }
  if (troubles.empty()) return;
  const auto all = static_cast<std::size_t>(facts.devices.devices_size());
  problems.push_back(
      {troubles.size() == all ? "no_device_works" : "device_in_trouble",
       absl::StrCat(troubles.size(), " of ", all, " devices cannot work: ", Named(troubles)),
       "look at nvidia-smi and at the kernel's lines (dmesg); the provider tries again with the "
       "next challenge"});
}

/// Where else here the key is that a device was registered with; empty when it is not here.
std::string FoundAt(const std::vector<OwnDevice>& devices, const Address& registered) {
  for (const OwnDevice& device : devices) {
    if (device.key == registered) return absl::StrCat(", which device ", device.id, " has here");
  }
  return "";
}

void FindKeys(const ServingFacts& facts, std::vector<Problem>& problems) {
  std::vector<std::string> others;
  for (const OwnDevice& device : facts.chain_devices) {
    if (!device.has_other_key()) continue;
    others.push_back(absl::StrCat("device ", device.id, " has ", ToPrefixedHex(device.key),
                                  " here, but is registered with ",
                                  ToPrefixedHex(*device.registered_key),
                                  FoundAt(facts.chain_devices, *device.registered_key)));
  }
  if (others.empty()) return;
  const std::size_t all = facts.chain_devices.size();
  problems.push_back(
      {others.size() == all ? "no_key_fits" : "other_key",
       absl::StrCat(
           others.size(), " of ", all,
           " devices have another key on the chain, so their answers fail: ", Named(others)),
       "their bond burns: give each the keystore that it was registered with (devices[].keystore), "
       "and restart; a device whose key is lost must be deregistered"});
}

void FindEpoch(const ServingFacts& facts, std::vector<Problem>& problems) {
  std::vector<std::string> out;
  for (const OwnDevice& device : facts.chain_devices) {
    if (device.in_epoch.value_or(true)) continue;
    out.push_back(absl::StrCat("device ", device.id, ", ",
                               device.unregistered
                                   ? "which the chain does not have"
                                   : chain::NameOf(device.phase.value_or(chain::Phase::kNone))));
  }
  if (out.empty()) return;
  problems.push_back(
      {"device_not_in_epoch",
       absl::StrCat(out.size(), " of ", facts.chain_devices.size(),
                    " devices have no weight in this epoch, and earn nothing: ", Named(out)),
       "one that was registered counts from the second next epoch on; one that has left need not "
       "be in the config. kaisar-provider status says how they stand"});
}

void FindServed(const ServingFacts& facts, std::vector<Problem>& problems) {
  if (facts.slots_served > 0) return;
  if (!facts.on_chain) {
    problems.push_back({"nobody_served", "the config names no slot", "name them in slots"});
    return;
  }
  problems.push_back(
      {"nobody_served",
       facts.chain_read_ns.has_value()
           ? "no slot may ask: the epoch is not opened, or no device here is in it"
           : absl::StrCat("whose challenges to take is not known: the chain has not been read",
                          facts.chain_trouble.empty() ? "" : ": ", facts.chain_trouble),
       "wait for the epoch's opening; kaisar-provider status says how the devices stand, and from "
       "which epoch on they are in it"});
}

void FindChain(const ServingFacts& facts, std::vector<Problem>& problems) {
  if (!facts.chain_read_ns.has_value()) return;  // then nobody is served
  if (facts.now_ns > *facts.chain_read_ns + kUnreadNs) {
    problems.push_back({"chain_unread",
                        absl::StrCat("the chain could not be read for ",
                                     (facts.now_ns - *facts.chain_read_ns) / kSecondNs,
                                     " s: ", facts.chain_trouble),
                        "those known last are served until the next epoch ends; check the "
                        "endpoints in chain.rpc"});
  }
  if (facts.block_age_s > kStaleS) {
    problems.push_back({"chain_stale",
                        absl::StrCat("the newest block is ", facts.block_age_s,
                                     " s old, or this machine's clock is ahead"),
                        "compare with another endpoint; run chrony or systemd-timesyncd"});
  }
  if (facts.block_age_s < -kBehindS) {
    problems.push_back({"clock_behind",
                        absl::StrCat("the newest block is ", -facts.block_age_s,
                                     " s ahead of this machine's clock"),
                        "check chrony or systemd-timesyncd"});
  }
}

void FindClock(const ServingFacts& facts, std::vector<Problem>& problems) {
  if (!facts.clock_stepped_ns.has_value() || facts.now_ns >= *facts.clock_stepped_ns + kSteppedNs) {
    return;
  }
  problems.push_back(
      {"clock_stepped",
       absl::StrFormat("the machine's clock was set by %.1f s, %d s ago", facts.clock_step_seconds,
                       (facts.now_ns - *facts.clock_stepped_ns) / kSecondNs),
       "while it is wrong, challenges are refused as expired or too far ahead; let "
       "chrony or systemd-timesyncd slew the clock instead"});
}

}  // namespace

bool KeepsFromEarning(absl::string_view code) {
  return code == "no_device_works" || code == "no_key_fits" || code == "nobody_served";
}

Readiness CheckReadiness(const ServingFacts& facts) {
  Readiness readiness;
  FindDevices(facts, readiness.problems);
  FindKeys(facts, readiness.problems);
  FindEpoch(facts, readiness.problems);
  FindServed(facts, readiness.problems);
  if (facts.on_chain) FindChain(facts, readiness.problems);
  FindClock(facts, readiness.problems);
  readiness.ready =
      std::none_of(readiness.problems.begin(), readiness.problems.end(),
                   [](const Problem& problem) { return KeepsFromEarning(problem.code); });
  return readiness;
}

}  // namespace kaisar::provider
