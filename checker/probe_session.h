#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/process_runner.h"
#include "challenges/bandwidth/iperf_process.h"
#include "challenges/policy.h"
#include "checker/event_queue.h"
#include "checker/line_budget.h"
#include "checker/provider_client.h"
#include "checker/reachability.h"
#include "kaisar/v1/log.pb.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// One bandwidth challenge that an operator makes by hand.
struct ProbeTask {
  v1::Device device;
  v1::SignedChallenge challenge;
  Digest password{};
  challenges::BandwidthPolicy terms;
  std::uint32_t connect_deadline_ms = 0;
  std::vector<std::string> witnesses;  // endpoints that tell whether this machine is online
  LineCapacity connection;             // by the config; 0: not known
};

/// All of it must outlive the session.
struct ProbeServices {
  ProviderClient& client;
  ProcessRunner& processes;
  ReachabilityProber& prober;
  const Clock& clock;
  std::string iperf;  // path of kaisar-iperf
};

struct ProbeHooks {
  /// How far it is, one line.
  std::function<void(const std::string&)> progress = [](const std::string&) {};
  /// When set, somebody else is the other end of the tests: gets what the device opened.
  std::function<void(const BandwidthOpening&)> hand_over;
};

/// Runs one probe, both directions. It knows no plan and no log.
///
/// Threads: Run on one, which the hooks are called on; Stop from any.
class ProbeSession {
 public:
  ProbeSession(ProbeTask task, const ProbeServices& services, ProbeHooks hooks);
  ~ProbeSession();

  /// Blocks until the call is over.
  ///
  /// Result: the record that a log would have of it, without a verdict.
  v1::ChallengeClosed Run();

  /// Ends Run soon.
  void Stop();
  /// Whether Stop ended it.
  bool stopped() const { return stopped_; }

 private:
  void OnOpened(const BandwidthOpening& opening);
  void OnTested(const challenges::IperfOutcome& outcome);
  void OnDone(BandwidthAnswer answer);
  void GatherReachability();
  void GiveUp(v1::Transport transport, std::string detail);
  void Conclude(CallEnd end);
  void StartClient(const BandwidthOpening& opening);

  const ProbeTask task_;
  const ProbeServices services_;
  const ProbeHooks hooks_;
  const std::shared_ptr<EventQueue> events_;
  std::uint64_t sent_ns_ = 0;
  std::shared_ptr<BandwidthCall> call_;
  std::shared_ptr<Process> client_;
  bool testing_ = false;        // our own end of a test is under way
  std::optional<CallEnd> end_;  // the device was done before it
  v1::ChallengeClosed closed_;
  v1::Transport ended_by_us_ = v1::TRANSPORT_UNSPECIFIED;
  std::string ended_detail_;
  bool over_ = false;
  bool stopped_ = false;
};

}  // namespace kaisar::checker
