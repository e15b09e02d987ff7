#include "checker/reachability_check.h"

#include <algorithm>
#include <utility>

#include "challenges/roster.h"

namespace kaisar::checker {
namespace {

constexpr std::size_t kWitnesses = 3;
constexpr std::size_t kHeardLast = 8;  // enough for three witnesses that are elsewhere
constexpr std::uint64_t kServesNs = 1'000'000'000;
constexpr unsigned kProbeDeadlineMs = 1000;

}  // namespace

ReachabilityCheck::ReachabilityCheck(const v1::Roster& roster,
                                     std::vector<std::string> reference_endpoints,
                                     ReachabilityProber& prober, const Clock& clock,
                                     std::shared_ptr<EventQueue> events)
    : roster_(roster),
      reference_endpoints_(std::move(reference_endpoints)),
      prober_(prober),
      clock_(clock),
      events_(std::move(events)) {}

void ReachabilityCheck::Heard(std::uint32_t device, std::uint64_t at_ns) {
  std::uint64_t& last = heard_ns_[device];
  last = std::max(last, at_ns);
  const auto known = std::find(heard_last_.begin(), heard_last_.end(), device);
  if (known != heard_last_.end()) heard_last_.erase(known);
  heard_last_.insert(heard_last_.begin(), device);
  if (heard_last_.size() > kHeardLast) heard_last_.pop_back();
}

void ReachabilityCheck::Gather(const v1::Device& device, std::uint64_t sent_ns,
                               std::uint64_t closed_ns, Done done) {
  v1::Reachability evidence;
  evidence.set_devices_heard(CountHeard(device.id(), sent_ns, closed_ns));
  auto finish = [evidence, done = std::move(done)](const ReachabilityResult& result) mutable {
    evidence.set_endpoints_tried(result.tried);
    evidence.set_endpoints_reached(result.reached);
    done(std::move(evidence));
  };
  const std::shared_ptr<Probe> probe =
      latest_ != nullptr && Serves(*latest_, device) ? latest_ : Start(device);
  if (probe->finished) {
    finish(probe->result);
  } else {
    probe->waiting.push_back(std::move(finish));
  }
}

std::uint32_t ReachabilityCheck::CountHeard(std::uint32_t except, std::uint64_t from_ns,
                                            std::uint64_t to_ns) const {
  std::uint32_t count = 0;
  for (const auto& [device, at_ns] : heard_ns_) {
    // One heard after the end was there meanwhile or not: it does not count.
    if (device != except && at_ns >= from_ns && at_ns <= to_ns) ++count;
  }
  return count;
}

bool ReachabilityCheck::Serves(const Probe& probe, const v1::Device& device) const {
  if (probe.finished && clock_.MonotonicNs() - probe.finished_ns > kServesNs) return false;
  for (const std::uint32_t id : probe.devices) {
    if (id == device.id()) return false;
    const v1::Device* probed = challenges::FindDevice(roster_, id);
    if (probed != nullptr && probed->endpoint() == device.endpoint()) return false;
  }
  return true;
}

std::shared_ptr<ReachabilityCheck::Probe> ReachabilityCheck::Start(const v1::Device& device) {
  auto probe = std::make_shared<Probe>();
  std::vector<std::string> endpoints = reference_endpoints_;
  for (const v1::Device* witness : Witnesses(device)) {
    probe->devices.push_back(witness->id());
    endpoints.push_back(witness->endpoint());
  }
  latest_ = probe;
  if (endpoints.empty()) {
    probe->finished = true;
    probe->finished_ns = clock_.MonotonicNs();
    return probe;
  }
  const Clock* clock = &clock_;
  prober_.Probe(std::move(endpoints), kProbeDeadlineMs,
                [events = events_, probe, clock](ReachabilityResult result) {
                  events->Push([probe, result, clock] {
                    probe->finished = true;
                    probe->finished_ns = clock->MonotonicNs();
                    probe->result = result;
                    for (auto& waiting : std::exchange(probe->waiting, {})) waiting(result);
                  });
                });
  return probe;
}

std::vector<const v1::Device*> ReachabilityCheck::Witnesses(const v1::Device& device) const {
  std::vector<const v1::Device*> witnesses;
  const auto add = [&](const v1::Device* other) {
    if (other == nullptr || witnesses.size() == kWitnesses) return;
    if (other->id() == device.id() || other->endpoint() == device.endpoint()) return;
    if (std::find(witnesses.begin(), witnesses.end(), other) != witnesses.end()) return;
    witnesses.push_back(other);
  };
  for (const std::uint32_t id : heard_last_) add(challenges::FindDevice(roster_, id));
  for (const v1::Device& other : roster_.devices()) {
    if (witnesses.size() == kWitnesses) break;
    add(&other);
  }
  return witnesses;
}

}  // namespace kaisar::checker
