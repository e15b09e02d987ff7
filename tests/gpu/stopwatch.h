#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kaisar::kernels {

/// A moment in a stream.
class Event {
 public:
  /// `flags` as CUDA has them.
  explicit Event(unsigned flags = cudaEventDefault) { cudaEventCreateWithFlags(&event_, flags); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  cudaEvent_t get() const { return event_; }
  absl::Status Record(cudaStream_t stream);
  absl::Status Wait() const;

 private:
  cudaEvent_t event_ = nullptr;
};

/// Units:  microseconds on the GPU's clock. Waits for `end`.
absl::StatusOr<double> MicrosecondsBetween(const Event& begin, const Event& end);

double Median(std::vector<double> values);
double Least(const std::vector<double>& values);

/// Something to time: enqueues its `launch`-th turn (they rotate among data), and what it took.
struct Contender {
  std::string name;
  std::function<absl::Status(int launch, cudaStream_t stream)> enqueue;
  int launches_a_sample = 0;       // enough that a sample is long beside what starts it
  std::vector<double> samples_us;  // of one launch
};

/// Times contenders in turns, A B A B …, all enqueued before the first wait: they see the same
/// clock and temperature. A contender that is not in this build is taken out.
absl::Status TimeInTurns(std::vector<Contender>& contenders, int samples, double sample_us,
                         cudaStream_t stream);

}  // namespace kaisar::kernels
