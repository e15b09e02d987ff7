#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/entropy.h"
#include "base/mutex.h"
#include "base/process_runner.h"
#include "challenges/bandwidth/iperf_process.h"
#include "kaisar/v1/challenge.pb.h"
#include "provider/config.h"

namespace kaisar::provider {

/// Both directions have been measured.
struct BandwidthTested {};

/// What there is to say of a challenge that waits or is tested: opened and measured, DOWN then UP,
/// then BandwidthTested; or, at any point and last, why it came to nothing.
using BandwidthNews = std::variant<v1::BandwidthOpened, v1::BandwidthMeasured, BandwidthTested,
                                   v1::Refusal, absl::Status>;

/// A bandwidth challenge that was taken.
struct BandwidthJob {
  using Reply = std::function<void(BandwidthNews)>;
  v1::SignedChallenge challenge;  // of valid form
  std::string password;           // hex
  std::string client_address;     // numeric: nobody else may connect
  Reply reply;                    // on the runner's thread, with no lock held
};

/// Challenges that wait beyond the one that is tested: a committee's, of a few devices.
inline constexpr std::size_t kMostWaitingTests = 16;
/// The same of one slot, which asks a device a few times an epoch: it must not take all places.
inline constexpr std::ptrdiff_t kMostWaitingTestsOfSlot = 2;

/// Runs the bandwidth tests of this provider, one challenge at a time, in the order in which they
/// came: two at once would share the line and both look slower than it is. A turn is both
/// directions, DOWN then UP; it ends when its last process has been reaped.
///
/// Threads:  all methods from any thread; none blocks.
/// Liveness: the destructor ends the runner's thread, which kills what is left; no reply after it.
class BandwidthTests {
 public:
  using Job = std::shared_ptr<const BandwidthJob>;
  /// `entropy` and `clock` outlive it.
  BandwidthTests(const BandwidthConfig& config, std::unique_ptr<ProcessRunner> runner,
                 Entropy& entropy, const Clock& clock);
  ~BandwidthTests();
  BandwidthTests(const BandwidthTests&) = delete;
  BandwidthTests& operator=(const BandwidthTests&) = delete;

  /// Lets a job wait for its turn, which may be now.
  ///
  /// Result: a refusal, and no reply, when too many wait, of this slot or of all, or the first test
  ///         cannot be started.
  std::variant<Job, v1::Refusal> Add(BandwidthJob job);

  /// Takes a job out that has waited too long.
  ///
  /// Result: null when it waits no more, because its turn has come.
  std::optional<v1::Refusal> GiveUp(const Job& job);

  /// Drops a job: it waits no more, and its process is killed. A reply may still be on its way.
  void Drop(const Job& job);

 private:
  using Outcome = challenges::IperfOutcome;
  using Letters = std::vector<std::pair<Job, BandwidthNews>>;
  /// The challenge that is tested.
  struct Turn {
    Job job;
    v1::Direction direction = v1::DOWN;
    std::shared_ptr<Process> process = nullptr;
    bool opened = false;  // this direction's test
    bool dropped = false;
  };

  std::optional<Outcome> StartTest(Job job, v1::Direction direction)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::vector<std::uint32_t>> ShuffledPorts();
  void OnListening(const Job& job, const challenges::IperfListening& listening);
  void OnEnded(const Job& job, Outcome outcome);
  /// Gives the turn on, to the first of those that wait whose test can be started.
  void Next(Letters& letters) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::Refusal Refuse(std::string message) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  BandwidthNews Failed(v1::Direction direction, bool opened, const Outcome& outcome) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const BandwidthConfig config_;
  Entropy& entropy_;
  const Clock& clock_;
  Mutex mutex_;
  std::optional<Turn> turn_ ABSL_GUARDED_BY(mutex_);
  std::deque<Job> waiting_ ABSL_GUARDED_BY(mutex_);  // empty when there is no turn
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<ProcessRunner> runner_;
};

}  // namespace kaisar::provider
