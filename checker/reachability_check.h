#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "base/clock.h"
#include "checker/event_queue.h"
#include "checker/reachability.h"
#include "kaisar/v1/log.pb.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// Gathers the evidence that tells a device's outage from our own: who else was heard meanwhile,
/// and whether anything accepts a connection now. A probe's result serves a second; a device is
/// never judged by a probe of itself.
///
/// Threads: the thread "dispatch".
class ReachabilityCheck {
 public:
  using Done = absl::AnyInvocable<void(v1::Reachability)>;

  /// `roster` must outlive this.
  ReachabilityCheck(const v1::Roster& roster, std::vector<std::string> reference_endpoints,
                    ReachabilityProber& prober, const Clock& clock,
                    std::shared_ptr<EventQueue> events);

  /// Notes that something a device sent arrived at this (monotonic) time.
  void Heard(std::uint32_t device, std::uint64_t at_ns);

  /// Gathers the evidence for a failed call between two (monotonic) times; `done` comes at once
  /// when a recent probe serves.
  void Gather(const v1::Device& device, std::uint64_t sent_ns, std::uint64_t closed_ns, Done done);

 private:
  struct Probe {
    std::vector<std::uint32_t> devices;  // those among the probed endpoints
    bool finished = false;
    std::uint64_t finished_ns = 0;
    ReachabilityResult result;
    std::vector<absl::AnyInvocable<void(const ReachabilityResult&)>> waiting;
  };

  std::uint32_t CountHeard(std::uint32_t except, std::uint64_t from_ns, std::uint64_t to_ns) const;
  bool Serves(const Probe& probe, const v1::Device& device) const;
  std::shared_ptr<Probe> Start(const v1::Device& device);
  /// Up to three devices other than this one and not at its endpoint, those heard last first.
  std::vector<const v1::Device*> Witnesses(const v1::Device& device) const;

  const v1::Roster& roster_;
  const std::vector<std::string> reference_endpoints_;
  ReachabilityProber& prober_;
  const Clock& clock_;
  const std::shared_ptr<EventQueue> events_;
  absl::flat_hash_map<std::uint32_t, std::uint64_t> heard_ns_;
  std::vector<std::uint32_t> heard_last_;  // a few, the latest first
  std::shared_ptr<Probe> latest_;
};

}  // namespace kaisar::checker
