#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "challenges/policy.h"
#include "checker/doctor/finding.h"
#include "checker/line_budget.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// A file that only its owner may read.
struct SecretFile {
  std::string path;
  absl::Status status;        // why nothing is known of it
  std::uint32_t mode = 0;     // the nine bits
  std::uint32_t owner = 0;    // user id
  bool may_be_roots = false;  // as a password that systemd hands to the service
};

struct Folder {
  std::string path;
  absl::Status status;
  std::uint32_t owner = 0;
  bool writable = false;         // to this process
  bool own_file_system = false;  // another one than that of /
  std::uint64_t free_bytes = 0;  // to processes that are not root
  std::uint64_t size_bytes = 0;  // of the file system
};

struct DescriptorLimit {
  std::string of;  // "process 12 (kaisar-checker)"; empty: of who asks, as nobody runs
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

/// The interface that the default route goes through.
struct Interface {
  std::string name;                              // empty: there is no such route
  std::optional<std::uint64_t> bits_per_second;  // null: virtual ones do not say
};

/// What is asked of the machine in an epoch.
struct Demand {
  const challenges::Policy& policy;
  const v1::Roster& roster;  // of this slot
  std::uint64_t epoch_ms = 0;
};

/// Each is pure, of what was found before. The owner of the data directory is who runs the checker.
Findings CheckSecretFiles(const std::vector<SecretFile>& files, const Folder& folder);
/// `log_bytes` of an epoch; null: not known.
Findings CheckFolder(const Folder& folder, std::optional<std::uint64_t> log_bytes);
Finding CheckSignatureStore(const std::string& path, bool exists);
Finding CheckDescriptors(const DescriptorLimit& limit, std::uint64_t devices);
/// `trouble` is why `address` cannot be listened on, empty when it can; `process` has the data
/// directory, empty when none has.
Finding CheckListen(const std::string& address, const std::string& trouble,
                    const std::string& process);
Findings CheckLine(const std::optional<LineCapacity>& line, const Interface& interface,
                   const Demand& demand);
/// `version` as kaisar-iperf says it, "kaisar-iperf 1.2.3"; ours is `expected`.
Finding CheckIperf(const std::string& path, const absl::StatusOr<std::string>& version,
                   const std::string& expected);

}  // namespace kaisar::checker
