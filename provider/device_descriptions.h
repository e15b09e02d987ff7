#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "kaisar/v1/provider.pb.h"
#include "kernels/gpu_information.h"

namespace kaisar::provider {

/// A device as it is described.
struct DescribedDevice {
  v1::DeviceDescription fixed;  // with what is known of its GPU without the driver
  std::string gpu;              // UUID; empty: the CPU
  std::function<std::string()> trouble = [] { return std::string(); };
};

/// Answers Describe with what the driver says of the GPUs at that moment. However many ask, the
/// driver is asked at most once a second, and never on the thread that asks.
///
/// Threads:  Ask from any thread; does not block. A reply comes at once when the driver need not be
///           asked, else on a thread of its own ("describe"), with no lock held.
/// Liveness: that thread, which only devices with a GPU have, ends in Stop, when the driver has
///           answered what it was asked last.
class DeviceDescriptions {
 public:
  using Reply = std::function<void(const v1::DescribeResponse&)>;

  /// `reader` is null where the driver tells nothing. What is in `devices` outlives this.
  DeviceDescriptions(const std::string& software, std::vector<DescribedDevice> devices,
                     std::unique_ptr<kernels::GpuInformationReader> reader, const Clock& clock);
  ~DeviceDescriptions();
  DeviceDescriptions(const DeviceDescriptions&) = delete;
  DeviceDescriptions& operator=(const DeviceDescriptions&) = delete;

  /// Calls `reply` once, with a description that is at most a second old.
  void Ask(Reply reply);

  /// What was known last, at once.
  v1::DescribeResponse Known();

  /// From now on answers at once, with what was known last; those who wait are answered first.
  void Stop();

 private:
  void Run();
  bool Fresh() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<v1::DeviceDescription> ReadAll() const;
  v1::DescribeResponse Response(const std::vector<v1::DeviceDescription>& known) const;

  const std::string software_;
  const std::vector<DescribedDevice> devices_;
  const std::unique_ptr<kernels::GpuInformationReader> reader_;
  const Clock& clock_;
  const bool asks_driver_;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool read_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t read_ns_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<v1::DeviceDescription> known_ ABSL_GUARDED_BY(mutex_);
  std::vector<Reply> waiting_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace kaisar::provider
