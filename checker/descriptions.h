#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "challenges/plan.h"
#include "checker/dispatch_services.h"
#include "checker/epoch.h"
#include "checker/event_queue.h"
#include "checker/resume.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::checker {

/// Asks the machines of an epoch, each once, what they say of their devices, and keeps that in the
/// log. A machine (an endpoint and its TLS key) is asked when the last latency or matmul challenge
/// of the plan to its devices is closed: there is nothing left that it could disturb. Its answer
/// decides nothing, and neither does silence.
///
/// Threads: the thread "dispatch".
/// Cost:    some 100 bytes per device; an answer has 256 KiB at most, and 64 are under way at most.
/// Source:  docs/decisions/0023-descriptions-are-words.md.
class Descriptions {
 public:
  using OnLogFailure = std::function<void(const absl::Status&)>;

  /// `resume` says what an earlier run has closed and logged; it is looked at here only.
  Descriptions(std::shared_ptr<const Epoch> epoch,
               const std::vector<challenges::PlannedChallenge>& plan, const ResumePoint& resume,
               const DispatchServices& services, std::shared_ptr<EventQueue> events,
               OnLogFailure on_log_failure);

  /// A challenge of the plan is closed.
  void NoteClosed(const challenges::PlannedChallenge& planned);

  /// Asks those whose turn has come, unless the epoch is over.
  void Ask();

  /// Nobody is being asked, nor is it anybody's turn, and what was answered is durable.
  bool finished() const { return ready_.empty() && asked_ == 0 && appended_ == 0; }

 private:
  struct Machine {
    std::vector<const v1::Device*> devices;  // without those that are in the log already
    std::uint64_t left = 0;                  // latency and matmul challenges that are not closed
    const v1::Device* last = nullptr;        // closed last: there may still be its connection
  };

  void OnAnswer(const Machine& machine, std::uint64_t asked_ms, const DescribeAnswer& answer);
  void Append(const v1::DeviceDescribed& described);

  const std::shared_ptr<const Epoch> epoch_;
  const DispatchServices services_;
  const std::shared_ptr<EventQueue> events_;
  const OnLogFailure on_log_failure_;
  std::vector<Machine> machines_;
  absl::flat_hash_map<std::uint32_t, std::uint32_t> machine_of_;  // by device
  std::deque<std::uint32_t> ready_;
  std::uint32_t asked_ = 0;     // calls under way
  std::uint32_t appended_ = 0;  // records that are not durable
};

}  // namespace kaisar::checker
