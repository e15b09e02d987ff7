#include "checker/descriptions.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/descriptions.h"
#include "base/printable.h"
#include "challenges/roster.h"
#include "checker/describe_response.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kDeadlineMs = 5000;  // reading a dozen GPUs takes a driver some 100 ms
constexpr std::uint32_t kMostAtOnce = 64;

/// A kilobyte more is nothing to a test of the line, which may wait long for its turn.
bool CanBeDisturbed(const challenges::PlannedChallenge& planned) {
  return planned.kind != v1::BANDWIDTH;
}

/// What the log keeps of a machine's answer about one device.
void TakeOver(const DescribeAnswer& answer, const absl::StatusOr<DescribeParts>& parts,
              v1::DeviceDescribed& described) {
  described.set_transport(answer.end.transport);
  if (answer.end.transport != v1::COMPLETED) {
    described.set_detail(Printable(answer.end.detail, kMostDetailBytes));
    return;
  }
  if (!parts.ok()) {
    described.set_detail(Printable(parts.status().message(), kMostDetailBytes));
    return;
  }
  described.set_software(Printable(parts->software, audit::kMostSoftwareBytes));
  const auto found = parts->devices.find(described.device());
  if (found == parts->devices.end()) {
    described.set_detail(absl::StrCat("the answer has no device ", described.device()));
    return;
  }
  const std::string& entry = found->second;
  described.set_description(entry.substr(0, audit::kMostDescriptionBytes));
  if (entry.size() > audit::kMostDescriptionBytes) {
    described.set_detail(absl::StrCat("description is ", entry.size(), " bytes, limit ",
                                      audit::kMostDescriptionBytes, "; the rest is cut off"));
  }
}

}  // namespace

Descriptions::Descriptions(std::shared_ptr<const Epoch> epoch,
                           const std::vector<challenges::PlannedChallenge>& plan,
                           const ResumePoint& resume, const DispatchServices& services,
                           std::shared_ptr<EventQueue> events, OnLogFailure on_log_failure)
    : epoch_(std::move(epoch)),
      services_(services),
      events_(std::move(events)),
      on_log_failure_(std::move(on_log_failure)) {
  absl::flat_hash_map<std::string, std::uint32_t> by_name;
  for (const v1::Device& device : epoch_->roster.devices()) {
    const std::string name = absl::StrCat(device.tls_pin(), device.endpoint());
    const auto [found, is_new] =
        by_name.emplace(name, static_cast<std::uint32_t>(machines_.size()));
    if (is_new) machines_.emplace_back();
    machine_of_.emplace(device.id(), found->second);
    if (resume.described.count(device.id()) == 0) {
      machines_[found->second].devices.push_back(&device);
    }
  }
  for (std::size_t i = 0; i < plan.size(); ++i) {
    Machine& machine = machines_[machine_of_.at(plan[i].device)];
    machine.last = challenges::FindDevice(epoch_->roster, plan[i].device);
    const bool closed = i < resume.closed.size() && resume.closed[i];
    if (!closed && CanBeDisturbed(plan[i])) ++machine.left;
  }
  for (std::uint32_t i = 0; i < machines_.size(); ++i) {
    const Machine& machine = machines_[i];
    // Whom the plan asks nothing is asked nothing.
    if (machine.last != nullptr && machine.left == 0 && !machine.devices.empty()) {
      ready_.push_back(i);
    }
  }
}

void Descriptions::NoteClosed(const challenges::PlannedChallenge& planned) {
  if (!CanBeDisturbed(planned)) return;
  const std::uint32_t index = machine_of_.at(planned.device);
  Machine& machine = machines_[index];
  if (--machine.left > 0 || machine.devices.empty()) return;
  machine.last = challenges::FindDevice(epoch_->roster, planned.device);
  ready_.push_back(index);
}

void Descriptions::Ask() {
  while (!ready_.empty() && asked_ < kMostAtOnce) {
    const std::uint32_t index = ready_.front();
    ready_.pop_front();
    const std::uint64_t now_ms = services_.clock.WallMs();
    if (now_ms >= epoch_->end_ms) continue;
    const auto deadline_ms =
        static_cast<std::uint32_t>(std::min(kDeadlineMs, epoch_->end_ms - now_ms));
    const std::uint64_t asked_ms = now_ms - std::min(now_ms, epoch_->beacon_ms);
    ++asked_;
    services_.client.Describe(*machines_[index].last, deadline_ms,
                              [this, events = events_, index, asked_ms](DescribeAnswer answer) {
                                events->Push([this, index, asked_ms, answer = std::move(answer)] {
                                  --asked_;
                                  OnAnswer(machines_[index], asked_ms, answer);
                                });
                              });
  }
}

void Descriptions::OnAnswer(const Machine& machine, std::uint64_t asked_ms,
                            const DescribeAnswer& answer) {
  const absl::StatusOr<DescribeParts> parts = SplitDescribeResponse(answer.response);
  for (const v1::Device* device : machine.devices) {
    v1::DeviceDescribed described;
    described.set_device(device->id());
    described.set_asked_ms(asked_ms);
    TakeOver(answer, parts, described);
    Append(described);
  }
}

void Descriptions::Append(const v1::DeviceDescribed& described) {
  ++appended_;
  v1::Record record;
  *record.mutable_described() = described;
  services_.log.Append(record.SerializeAsString(), [this, events = events_](absl::Status status) {
    events->Push([this, status = std::move(status)] {
      --appended_;
      if (!status.ok()) on_log_failure_(status);
    });
  });
}

}  // namespace kaisar::checker
