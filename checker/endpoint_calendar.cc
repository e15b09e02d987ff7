#include "checker/endpoint_calendar.h"

#include <algorithm>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "base/check.h"

namespace kaisar::checker {

EndpointCalendar::EndpointCalendar(const v1::Roster& roster,
                                   const std::vector<challenges::PlannedChallenge>& plan) {
  absl::flat_hash_set<std::uint32_t> tested;
  for (const challenges::PlannedChallenge& planned : plan) {
    if (planned.kind == v1::BANDWIDTH) tested.insert(planned.device);
  }
  if (tested.empty()) return;
  absl::flat_hash_map<std::string, std::uint32_t> by_endpoint;
  for (const v1::Device& device : roster.devices()) {
    if (tested.contains(device.id())) {
      by_endpoint.emplace(device.endpoint(), static_cast<std::uint32_t>(by_endpoint.size()));
    }
  }
  entries_.resize(by_endpoint.size());
  for (const v1::Device& device : roster.devices()) {
    const auto found = by_endpoint.find(device.endpoint());
    if (found != by_endpoint.end()) entry_of_.emplace(device.id(), found->second);
  }
  for (const challenges::PlannedChallenge& planned : plan) {
    if (planned.kind == v1::BANDWIDTH) continue;
    if (Entry* entry = Find(planned.device)) entry->due_ms.push_back(planned.due_ms);
  }
}

void EndpointCalendar::Begin(std::uint32_t device) {
  if (Entry* entry = Find(device)) ++entry->open;
}

void EndpointCalendar::End(std::uint32_t device) {
  Entry* entry = Find(device);
  if (entry == nullptr) return;
  KAISAR_CHECK(entry->open > 0);
  --entry->open;
}

bool EndpointCalendar::IsBusy(std::uint32_t device) const {
  const Entry* entry = Find(device);
  return entry != nullptr && entry->open > 0;
}

std::optional<std::uint32_t> EndpointCalendar::NextDue(std::uint32_t device,
                                                       std::uint64_t from_ms) const {
  const Entry* entry = Find(device);
  if (entry == nullptr) return std::nullopt;
  const auto next = std::lower_bound(entry->due_ms.begin(), entry->due_ms.end(), from_ms);
  if (next == entry->due_ms.end()) return std::nullopt;
  return *next;
}

void EndpointCalendar::NoteRtt(std::uint32_t device, std::uint32_t rtt_us) {
  if (Entry* entry = Find(device)) entry->rtt_us = rtt_us;
}

std::uint32_t EndpointCalendar::RttUs(std::uint32_t device) const {
  const Entry* entry = Find(device);
  return entry == nullptr ? 0 : entry->rtt_us;
}

EndpointCalendar::Entry* EndpointCalendar::Find(std::uint32_t device) {
  const auto found = entry_of_.find(device);
  return found == entry_of_.end() ? nullptr : &entries_[found->second];
}

const EndpointCalendar::Entry* EndpointCalendar::Find(std::uint32_t device) const {
  const auto found = entry_of_.find(device);
  return found == entry_of_.end() ? nullptr : &entries_[found->second];
}

}  // namespace kaisar::checker
