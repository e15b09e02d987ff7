#include "audit/challenge_times.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/bounded_sum.h"
#include "challenges/bandwidth/throughput.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kUsPerMs = 1000;
/// Half of the spacing is more than any timer comes early.
constexpr std::uint64_t kTimerParts = 2;
/// No timer of a deadline comes a tenth early.
constexpr std::uint64_t kDeadlineParts = 10;
constexpr std::uint64_t kMostWaitedMs = 86'400'000;  // a day, longer than any challenge

class Times {
 public:
  Times(const KeyedEpoch& epoch, const challenges::Evidence& evidence)
      : epoch_(epoch),
        evidence_(evidence),
        closed_(*evidence.closed),
        most_ms_(AddUpTo(closed_.elapsed_ms(), 1)) {}

  std::vector<std::string> Faults() {
    if (closed_.sent_ms() == 0) return {};  // down: there is no time to tell
    CheckIssue();
    if (closed_.transport() == v1::NOT_SENT) {
      CheckGivenUp();
      return std::move(faults_);
    }
    if (AddUpTo(closed_.sent_ms(), slack_ms()) < closed_.due_ms()) {
      Add("sent_ms is ", closed_.sent_ms(), ", before due at ", closed_.due_ms(), " ms");
    }
    CheckPings();
    CheckProof();
    CheckTests();
    return std::move(faults_);
  }

 private:
  template <typename... Parts>
  void Add(const Parts&... parts) {
    faults_.push_back(absl::StrCat(parts...));
  }
  std::uint64_t slack_ms() const { return epoch_.policy.slack_ms; }

  // One slack for the wall clock, which may be set back between taking up, issuing and sending.
  void CheckIssue() {
    if (evidence_.issued == nullptr) return;
    const std::uint64_t beacon_ms = epoch_.opened.beacon_ms();
    const std::uint64_t latest_ms = AddUpTo(beacon_ms, AddUpTo(closed_.sent_ms(), slack_ms()));
    if (latest_ms >= evidence_.issued->issued_ms()) return;
    Add("sent_ms is ", closed_.sent_ms(), ", before issued_ms ", evidence_.issued->issued_ms(),
        " less the beacon's ", beacon_ms);
  }

  void CheckGivenUp() {
    if (closed_.sent_ms() > AddUpTo(closed_.due_ms(), slack_ms())) return;
    Add("was given up at sent_ms ", closed_.sent_ms(), ", within the slack of ", slack_ms(),
        " ms after due_ms ", closed_.due_ms());
  }

  // One ping after the other, spaced by the policy.
  void CheckPings() {
    const challenges::LatencyPolicy& policy = epoch_.policy.latency;
    std::uint64_t pings = 0;
    for (const v1::LatencyEvidence::Echo& echo : closed_.latency().echoes()) {
      pings = std::max<std::uint64_t>(pings, echo.ping());
      if (echo.rtt_us() / kUsPerMs <= most_ms_) continue;
      Add("elapsed_ms is ", closed_.elapsed_ms(), ", but rtt_us of ping ", echo.ping(), " is ",
          echo.rtt_us());
      break;
    }
    if (pings * policy.spacing_ms / kTimerParts > most_ms_) {
      Add("elapsed_ms is ", closed_.elapsed_ms(), ", but ping ", pings,
          " was sent, with spacing_ms ", policy.spacing_ms);
    }
    if (closed_.kind() == v1::LATENCY) CheckWaited(0, policy.deadline_ms);
  }

  // The pings, the work and the opening come one after the other.
  void CheckProof() {
    if (evidence_.commitment == nullptr) return;
    const v1::CommitmentReceived& commitment = *evidence_.commitment;
    std::uint64_t pings_ns = 0;
    for (const std::uint64_t rtt_ns : commitment.ping_rtt_ns()) {
      pings_ns = AddUpTo(pings_ns, rtt_ns);
    }
    const std::uint64_t committed_ns = AddUpTo(pings_ns, commitment.elapsed_ns());
    const std::uint64_t opening_ns = closed_.matmul().opening_elapsed_ns();
    if (AddUpTo(committed_ns, opening_ns) / kNsPerMs > most_ms_) {
      Add("elapsed_ms is ", closed_.elapsed_ms(), ", but the commitment's ping_rtt_ns are ",
          pings_ns, ", its elapsed_ns ", commitment.elapsed_ns(), " and opening_elapsed_ns ",
          opening_ns);
    }
    const v1::Device& device = *challenges::FindDevice(epoch_.roster(), closed_.device());
    const challenges::ClassPolicy& asked = epoch_.policy.classes.at(device.device_class());
    // The checker itself ends the call when the commitment is late.
    if (commitment.elapsed_ns() > asked.commitment_deadline_ms * kNsPerMs) return;
    CheckWaited(committed_ns / kNsPerMs, asked.opening_deadline_ms);
  }

  // Who says that nothing came in time has waited that long.
  void CheckWaited(std::uint64_t from_ms, std::uint64_t deadline_ms) {
    if (closed_.transport() != v1::DEADLINE) return;
    const std::uint64_t least_ms = AddUpTo(from_ms, deadline_ms - deadline_ms / kDeadlineParts);
    if (closed_.elapsed_ms() >= least_ms) return;
    Add("transport is DEADLINE, but elapsed_ms is ", closed_.elapsed_ms(), ", the deadline ",
        deadline_ms, " ms after ", from_ms);
  }

  // The tests come one after the other, each after waiting for the checker's line. The judge says
  // what is wrong with a result that cannot be read.
  void CheckTests() {
    std::uint64_t taken_us = 0;
    for (const v1::BandwidthEvidence::Test& test : closed_.bandwidth().tests()) {
      // A hostile log's waiting must not wrap around.
      const std::uint64_t waited_ms = std::min<std::uint64_t>(test.waited_ms(), kMostWaitedMs);
      taken_us += waited_ms * kUsPerMs;
      const auto counts = challenges::ParseTestCounts(test.checker_result());
      if (!counts.ok()) continue;
      const std::uint64_t counted_us =
          test.direction() == v1::DOWN ? counts->sent_us : counts->received_us;
      taken_us += std::max(counts->link_us, counted_us);
    }
    if (taken_us / kUsPerMs <= most_ms_) return;
    Add("elapsed_ms is ", closed_.elapsed_ms(), ", but its tests and their waited_ms took ",
        taken_us, " us");
  }

  const KeyedEpoch& epoch_;
  const challenges::Evidence& evidence_;
  const v1::ChallengeClosed& closed_;
  const std::uint64_t most_ms_;  // elapsed_ms is rounded down
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> TimeFaults(const KeyedEpoch& epoch, const challenges::Evidence& evidence) {
  return Times(epoch, evidence).Faults();
}

}  // namespace kaisar::audit
