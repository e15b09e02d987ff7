#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/mutex.h"
#include "challenges/policy.h"
#include "checker/epoch.h"
#include "checker/outcome.h"
#include "checker/progress.h"

namespace kaisar::checker {

/// So many devices are shown at once; the others are a search or a page away.
inline constexpr std::size_t kDevicesPerPage = 50;
/// So many figures of a kind are kept of a device, newest last: what a sparkline has room for.
inline constexpr std::size_t kTraceLength = 32;

/// What a device is, as the roster says.
struct DeviceFacts {
  std::uint32_t id = 0;
  std::string name;  // the roster file's, or the class
  std::string endpoint;
  v1::Phase phase = v1::PHASE_UNSPECIFIED;
  std::string words;  // all of it in lower case, to be searched
};

/// What the newest report says of a device.
struct ReportedDevice {
  std::optional<std::uint8_t> score;  // null: left out
  std::string why;                    // below 200 or absent; may be empty
};

/// One device as a page shows it.
struct DeviceRow {
  DeviceFacts facts;
  DeviceProgress progress;             // of this epoch, in this run
  std::vector<std::uint64_t> rtts_us;  // answered latency challenges, over epochs
  std::vector<std::uint64_t> rates;    // operations per second of commitments, over epochs
  ReportedDevice reported;
};

/// Which devices are asked for.
struct DeviceQuery {
  std::vector<std::string> words;  // lower case; digits alone are an id
  std::string show;                // one of kDeviceFilters
  std::uint64_t from = 0;          // so many are passed over
};
inline constexpr absl::string_view kDeviceFilters[] = {"all", "failed", "inconclusive",
                                                       "below_full"};
/// Reads `find=…&show=…&from=…`; what is absent asks for all.
///
/// Errors: InvalidArgument with field, value and limit.
absl::StatusOr<DeviceQuery> ParseDeviceQuery(absl::string_view query);

/// At most kDevicesPerPage of those asked for.
struct DevicePage {
  std::uint64_t all = 0;
  std::uint64_t matching = 0;
  std::uint64_t from = 0;
  std::vector<DeviceRow> rows;  // most failures first, then most inconclusive, lowest score, id
  std::optional<std::uint32_t> reported_epoch;  // whose scores are shown
};

/// What is known of each device: this epoch's verdicts, the newest figures, the newest score.
///
/// Threads: all methods from any thread; Count waits for no reader longer than it takes to copy a
///          page, some 100 µs with 10,000 devices.
/// Cost:    some 1 kB a device.
class DeviceBoard {
 public:
  /// `names` are the roster file's.
  explicit DeviceBoard(std::map<std::uint32_t, std::string> names) : names_(std::move(names)) {}

  /// Verdicts begin anew; figures and scores of devices that stay are kept.
  void Begin(const Epoch& epoch);
  void Count(const Outcome& outcome, const challenges::Policy& policy);
  /// The scores of a report; devices that are not in it were left out.
  void Reported(std::uint32_t epoch, std::map<std::uint32_t, ReportedDevice> devices);
  DevicePage Page(const DeviceQuery& query) const;

 private:
  /// What changes of a device.
  struct Live {
    DeviceProgress progress;
    std::vector<std::uint64_t> rtts_us;
    std::vector<std::uint64_t> rates;
  };
  using AllFacts = std::shared_ptr<const std::vector<DeviceFacts>>;
  DeviceFacts FactsOf(const v1::Device& device) const;

  const std::map<std::uint32_t, std::string> names_;
  mutable Mutex mutex_;
  AllFacts facts_ ABSL_GUARDED_BY(mutex_) = std::make_shared<std::vector<DeviceFacts>>();
  std::vector<Live> live_ ABSL_GUARDED_BY(mutex_);  // as facts_: ascending ids
  std::map<std::uint32_t, ReportedDevice> reported_ ABSL_GUARDED_BY(mutex_);
  std::optional<std::uint32_t> reported_epoch_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kaisar::checker
