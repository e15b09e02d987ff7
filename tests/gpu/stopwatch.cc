#include "tests/gpu/stopwatch.h"

#include <algorithm>
#include <deque>

#include "base/status_macros.h"
#include "tests/gpu/device_buffer.h"

namespace kaisar::kernels {
namespace {

// Launches before anything is timed: loads the code and the clock.
constexpr int kWarmUps = 3;
constexpr int kMostLaunches = 1000;

absl::Status EnqueueMany(Contender& contender, int first, int count, cudaStream_t stream) {
  for (int i = 0; i < count; ++i) RETURN_IF_ERROR(contender.enqueue(first + i, stream));
  return absl::OkStatus();
}

absl::Status ChooseLaunches(Contender& contender, double sample_us, cudaStream_t stream) {
  RETURN_IF_ERROR(EnqueueMany(contender, 0, kWarmUps, stream));
  Event begin;
  Event end;
  RETURN_IF_ERROR(begin.Record(stream));
  RETURN_IF_ERROR(EnqueueMany(contender, 0, kWarmUps, stream));
  RETURN_IF_ERROR(end.Record(stream));
  ASSIGN_OR_RETURN(const double taken_us, MicrosecondsBetween(begin, end));
  const double wanted = sample_us * kWarmUps / std::max(taken_us, 1.0);
  contender.launches_a_sample = std::clamp(static_cast<int>(wanted), 1, kMostLaunches);
  return absl::OkStatus();
}

}  // namespace

absl::Status Event::Record(cudaStream_t stream) {
  return CheckCuda(cudaEventRecord(event_, stream), "record an event");
}

absl::Status Event::Wait() const {
  return CheckCuda(cudaEventSynchronize(event_), "wait for the GPU");
}

absl::StatusOr<double> MicrosecondsBetween(const Event& begin, const Event& end) {
  RETURN_IF_ERROR(end.Wait());
  float milliseconds = 0;
  RETURN_IF_ERROR(
      CheckCuda(cudaEventElapsedTime(&milliseconds, begin.get(), end.get()), "read the time"));
  return 1000.0 * static_cast<double>(milliseconds);
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double Least(const std::vector<double>& values) {
  return values.empty() ? 0 : *std::min_element(values.begin(), values.end());
}

absl::Status TimeInTurns(std::vector<Contender>& contenders, int samples, double sample_us,
                         cudaStream_t stream) {
  for (auto contender = contenders.begin(); contender != contenders.end();) {
    const absl::Status status = ChooseLaunches(*contender, sample_us, stream);
    if (!status.ok() && !absl::IsUnimplemented(status)) return status;
    contender = status.ok() ? contender + 1 : contenders.erase(contender);
  }
  std::deque<Event> moments(contenders.size() * static_cast<std::size_t>(samples) + 1);
  auto moment = moments.begin();
  RETURN_IF_ERROR(moment->Record(stream));
  for (int sample = 0; sample < samples; ++sample) {
    for (Contender& contender : contenders) {
      RETURN_IF_ERROR(EnqueueMany(contender, sample * contender.launches_a_sample,
                                  contender.launches_a_sample, stream));
      RETURN_IF_ERROR((++moment)->Record(stream));
    }
  }
  moment = moments.begin();
  for (int sample = 0; sample < samples; ++sample) {
    for (Contender& contender : contenders) {
      const Event& begin = *moment++;
      ASSIGN_OR_RETURN(const double taken_us, MicrosecondsBetween(begin, *moment));
      contender.samples_us.push_back(taken_us / contender.launches_a_sample);
    }
  }
  return absl::OkStatus();
}

}  // namespace kaisar::kernels
