#include "checker/doctor/machine_checks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "challenges/bandwidth/terms.h"
#include "checker/run_inputs.h"

namespace kaisar::checker {
namespace {

/// Room for so many epochs' logs: two days of the network's, for whoever is to make room.
constexpr std::uint64_t kEpochsOfRoom = 8;
constexpr std::uint64_t kMostUsedPercent = 95;
/// A device has a connection, and another while it is found out whether it can be reached.
constexpr std::uint64_t kDescriptorsPerDevice = 2;
/// The checker's own files, gRPC's, the chain's connections, the pipes of tests under way.
constexpr std::uint64_t kOwnDescriptors = 256;
/// Beyond, tests wait for each other so long that some are given up.
constexpr std::uint64_t kMostBusyPercent = 70;

std::string Size(std::uint64_t bytes) {
  if (bytes < 10'000'000) return absl::StrCat(bytes / 1000, " kB");
  if (bytes < 10'000'000'000) return absl::StrCat(bytes / 1'000'000, " MB");
  return absl::StrCat(bytes / 1'000'000'000, " GB");
}

std::string Rate(std::uint64_t bits_per_second) {
  return absl::StrCat(bits_per_second / 1'000'000, " Mbit/s");
}

void CheckInterface(const LineCapacity& line, const Interface& interface, Findings& findings) {
  const std::uint64_t asked = std::max(line.out_bits_per_second, line.in_bits_per_second);
  if (!interface.bits_per_second) {
    const std::string name =
        interface.name.empty() ? "no default route" : absl::StrCat(interface.name);
    findings.push_back({Level::kOk, "connection",
                        absl::StrCat(Rate(asked),
                                     " by the config; the speed of the interface is "
                                     "not known (",
                                     name, ")"),
                        ""});
  } else if (asked > *interface.bits_per_second) {
    findings.push_back({Level::kFailure, "connection",
                        absl::StrCat("the config says ", Rate(asked), ", ", interface.name, " has ",
                                     Rate(*interface.bits_per_second)),
                        "write into connection: what the line really carries; tests beyond it "
                        "disturb each other"});
  } else {
    findings.push_back(
        {Level::kOk, "connection",
         absl::StrCat(Rate(asked), " of ", interface.name, "'s ", Rate(*interface.bits_per_second)),
         ""});
  }
}

/// How long all tests of an epoch hold a direction of the line, in bits; what it carries then.
struct Traffic {
  std::uint64_t out_bits = 0, in_bits = 0;
};

Traffic TestsOf(const Demand& demand) {
  Traffic traffic;
  for (const v1::Device& device : demand.roster.devices()) {
    const challenges::KindPolicy* asked = demand.policy.Find(device.phase(), v1::BANDWIDTH);
    if (asked == nullptr) continue;
    const challenges::BandwidthPolicy& terms = demand.policy.bandwidth;
    const std::uint64_t seconds =
        std::uint64_t{asked->count} *
        (challenges::BandwidthParamsFor(device, terms).seconds() + challenges::kUncountedSeconds);
    traffic.out_bits += seconds * challenges::SentRate(device.down_bits_per_second(), terms);
    traffic.in_bits += seconds * challenges::SentRate(device.up_bits_per_second(), terms);
  }
  return traffic;
}

void CheckTests(const LineCapacity& line, const Demand& demand, Findings& findings) {
  const std::uint32_t too_fast = CountTooFast(line, demand.roster, demand.policy);
  if (too_fast > 0) {
    const std::uint64_t counted = demand.policy.bandwidth.counted_bits_per_second;
    findings.push_back(
        {Level::kWarning, "connection",
         absl::StrCat(too_fast, " of ", demand.roster.devices_size(),
                      " devices are too fast for it, and are asked no bandwidth"),
         absl::StrCat("a line of ", Rate(counted / 8 * 11), " each way carries any device")});
  }
  const std::uint64_t epoch_s = demand.epoch_ms / 1000;
  if (epoch_s == 0) return;
  const LineBudget budget(line);
  const Traffic traffic = TestsOf(demand);
  const std::uint64_t percent = std::max(traffic.out_bits / epoch_s * 100 / budget.most(v1::DOWN),
                                         traffic.in_bits / epoch_s * 100 / budget.most(v1::UP));
  const std::string busy = absl::StrCat("tests keep it busy for ", percent,
                                        " % of the epoch, limit ", kMostBusyPercent, " %");
  if (percent > kMostBusyPercent) {
    findings.push_back({Level::kWarning, "connection", busy,
                        "a faster line; else tests are given up as CHECKER_OVERLOADED"});
  } else {
    findings.push_back({Level::kOk, "connection", busy, ""});
  }
}

}  // namespace

Findings CheckSecretFiles(const std::vector<SecretFile>& files, const Folder& folder) {
  Findings findings;
  for (const SecretFile& file : files) {
    if (!file.status.ok()) {
      findings.push_back({Level::kFailure, "key files", std::string(file.status.message()),
                          "restore it, or make a slot's keys: kaisar-checker keys new"});
    } else if ((file.mode & 077) != 0) {
      findings.push_back(
          {Level::kFailure, "key files",
           absl::StrFormat("%s has mode %04o, expected 0600: others on this machine can read it",
                           file.path, file.mode),
           absl::StrCat("chmod 600 ", file.path, "; whoever has read it can sign as this slot")});
    } else if (folder.status.ok() && file.owner != folder.owner &&
               !(file.may_be_roots && file.owner == 0)) {
      findings.push_back({Level::kWarning, "key files",
                          absl::StrCat(file.path, " is user ", file.owner, "'s, ", folder.path,
                                       " is user ", folder.owner, "'s"),
                          "give both to the user that runs the checker: chown"});
    }
  }
  if (findings.empty()) {
    findings.push_back(
        {Level::kOk, "key files", absl::StrCat(files.size(), " files, for their owner alone"), ""});
  }
  return findings;
}

Findings CheckFolder(const Folder& folder, std::optional<std::uint64_t> log_bytes) {
  if (!folder.status.ok()) {
    return {{Level::kFailure, "data directory", std::string(folder.status.message()),
             "make it, for the user that runs the checker alone"}};
  }
  Findings findings;
  const auto add = [&findings](Level level, std::string what, std::string next) {
    findings.push_back({level, "data directory", std::move(what), std::move(next)});
  };
  if (!folder.writable) {
    add(Level::kFailure, absl::StrCat(folder.path, " cannot be written to"),
        "give it to the user that runs the checker, and run doctor as that user");
  }
  if (!folder.own_file_system) {
    add(Level::kWarning, absl::StrCat(folder.path, " is on the file system of /"),
        "mount one of its own there: what fills the system's disk then stops no log");
  }
  const std::string room =
      absl::StrCat(Size(folder.free_bytes), " of ", Size(folder.size_bytes), " are free");
  const std::uint64_t log = log_bytes.value_or(0);
  const std::string need =
      log_bytes ? absl::StrCat("; an epoch's log takes up to ", Size(log)) : "";
  const std::string remove = "move logs away that nobody can dispute any more, or a larger disk";
  const bool nearly_full =
      folder.free_bytes / 100 < folder.size_bytes / 100 * (100 - kMostUsedPercent) / 100;
  if (folder.free_bytes < log) {
    add(Level::kFailure, absl::StrCat(room, need), remove);
  } else if (folder.free_bytes / kEpochsOfRoom < log || nearly_full) {
    add(Level::kWarning,
        absl::StrCat(room, need, "; expected ", 100 - kMostUsedPercent, " % and room for ",
                     kEpochsOfRoom, " epochs"),
        remove);
  } else {
    add(Level::kOk, absl::StrCat(room, need), "");
  }
  return findings;
}

Finding CheckSignatureStore(const std::string& path, bool exists) {
  if (exists) return {Level::kOk, "signatures", path, ""};
  return {Level::kFailure, "signatures", absl::StrCat(path, " is missing: nothing can be signed"),
          "bring the newest one back, never an older copy; only for a slot that has never "
          "signed: kaisar-checker init-signatures"};
}

Finding CheckDescriptors(const DescriptorLimit& limit, std::uint64_t devices) {
  const std::uint64_t needed = kOwnDescriptors + kDescriptorsPerDevice * devices;
  const std::string what = absl::StrCat("limit ", limit.soft, limit.of.empty() ? "" : " of ",
                                        limit.of, "; ", devices, " devices take up to ", needed);
  if (limit.soft >= needed) return {Level::kOk, "open files", what, ""};
  return {Level::kFailure, "open files", what,
          absl::StrCat("LimitNOFILE=", needed, " in the unit, or ulimit -n ", needed,
                       limit.hard < needed ? ", which the hard limit forbids here" : "")};
}

Finding CheckListen(const std::string& address, const std::string& trouble,
                    const std::string& process) {
  if (address.empty()) return {Level::kOk, "monitor", "off by the config", ""};
  if (trouble.empty())
    return {Level::kOk, "monitor",
            absl::StrCat(address, " is free; the status page will be http://", address, "/"), ""};
  const std::string what = absl::StrCat(address, ": ", trouble);
  if (!process.empty()) {
    return {Level::kOk, "monitor",
            absl::StrCat(what, "; ", process, " runs: its status page is http://", address, "/"),
            ""};
  }
  return {Level::kWarning, "monitor", what,
          "another address in the config: monitor: {listen: …}; nothing else is hindered"};
}

Findings CheckLine(const std::optional<LineCapacity>& line, const Interface& interface,
                   const Demand& demand) {
  const bool asked = AsksBandwidth(demand.policy);
  if (!line) {
    if (!asked) return {{Level::kOk, "connection", "the policy asks no bandwidth", ""}};
    return {{Level::kFailure, "connection", "connection: is missing, the policy asks bandwidth",
             "say in the config what the line carries: docs/operating.md, Bandwidth"}};
  }
  Findings findings;
  CheckInterface(*line, interface, findings);
  if (asked) CheckTests(*line, demand, findings);
  return findings;
}

Finding CheckIperf(const std::string& path, const absl::StatusOr<std::string>& version,
                   const std::string& expected) {
  if (!version.ok()) {
    return {Level::kFailure, "kaisar-iperf",
            absl::StrCat(path, ": ", std::string(version.status().message())),
            "install it beside kaisar-checker, or name it in the config: iperf"};
  }
  const std::string ours = absl::StrCat("kaisar-iperf ", expected);
  if (*version == ours) return {Level::kOk, "kaisar-iperf", absl::StrCat(path, ": ", ours), ""};
  return {Level::kFailure, "kaisar-iperf",
          absl::StrCat(path, " says \"", *version, "\", expected \"", ours, "\""),
          "install both from one build"};
}

}  // namespace kaisar::checker
