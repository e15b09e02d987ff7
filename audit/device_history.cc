#include "audit/device_history.h"

#include <algorithm>
#include <optional>

#include "audit/challenge_figures.h"

namespace kaisar::audit {
namespace {

template <typename Value>
void AddTo(Curve& curve, std::uint64_t due_ms, const std::optional<Value>& value) {
  if (value.has_value()) curve.Add(due_ms, *value);
}

}  // namespace

void Curve::Add(std::uint64_t due_ms, std::uint64_t value) {
  if (seen_++ % stride_ != 0) return;
  if (points_.size() == kMostPoints) {
    for (std::size_t i = 1; 2 * i < points_.size(); ++i) points_[i] = points_[2 * i];
    points_.resize(points_.size() / 2);
    stride_ *= 2;
    if ((seen_ - 1) % stride_ != 0) return;
  }
  points_.push_back({due_ms, value});
}

std::vector<Curve::Point> Curve::Points() const {
  std::vector<Point> points = points_;
  std::stable_sort(points.begin(), points.end(),
                   [](const Point& a, const Point& b) { return a.due_ms < b.due_ms; });
  return points;
}

void EpochHistory::Add(const challenges::Policy& policy, const LoggedChallenge& challenge) {
  const v1::ChallengeClosed& closed = challenge.closed;
  const std::uint64_t due_ms = closed.due_ms();
  DeviceHistory& history = histories_[closed.device()];
  const bool passed = closed.verdict() == v1::PASS;
  if (passed || closed.verdict() == v1::FAIL) ++history.conclusive[closed.kind()];
  if (!passed) {
    ++history.missed_count;
    if (history.missed.size() < DeviceHistory::kMostMissed) {
      history.missed.push_back(
          {due_ms, closed.kind(), closed.verdict(), closed.reason(), challenge.record});
    }
    return;
  }
  if (closed.kind() == v1::LATENCY) ++history.answered;
  if (closed.kind() == v1::MATMUL) history.samples += policy.samples;
  const ChallengeFigures figures = FiguresOf(policy, challenge);
  AddTo(history.rtt_us, due_ms, figures.rtt_us);
  AddTo(history.ops_per_second, due_ms, figures.ops_per_second);
  AddTo(history.down_bits_per_second, due_ms, figures.down_bits_per_second);
  AddTo(history.up_bits_per_second, due_ms, figures.up_bits_per_second);
}

const DeviceHistory& EpochHistory::Of(std::uint32_t device) const {
  static const auto* const kNone = new DeviceHistory();
  const auto found = histories_.find(device);
  return found == histories_.end() ? *kNone : found->second;
}

}  // namespace kaisar::audit
