#include "provider/device_descriptions.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/printable.h"
#include "provider/gpu_figures.h"

namespace kaisar::provider {
namespace {

constexpr std::uint64_t kFreshNs = 1'000'000'000;
// Those that come while the driver is slow; beyond, what was known last must do.
constexpr std::size_t kMostWaiting = 64;
constexpr std::size_t kMostTroubleBytes = 256;

bool HasGpu(const std::vector<DescribedDevice>& devices) {
  return std::any_of(devices.begin(), devices.end(),
                     [](const DescribedDevice& device) { return !device.gpu.empty(); });
}

std::vector<v1::DeviceDescription> Fixed(const std::vector<DescribedDevice>& devices) {
  std::vector<v1::DeviceDescription> fixed;
  for (const DescribedDevice& device : devices) fixed.push_back(device.fixed);
  return fixed;
}

}  // namespace

DeviceDescriptions::DeviceDescriptions(const std::string& software,
                                       std::vector<DescribedDevice> devices,
                                       std::unique_ptr<kernels::GpuInformationReader> reader,
                                       const Clock& clock)
    : software_(software),
      devices_(std::move(devices)),
      reader_(std::move(reader)),
      clock_(clock),
      asks_driver_(reader_ != nullptr && HasGpu(devices_)),
      known_(Fixed(devices_)) {
  if (!asks_driver_) return;
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "describe");
}

DeviceDescriptions::~DeviceDescriptions() {
  Stop();
}

void DeviceDescriptions::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void DeviceDescriptions::Ask(Reply reply) {
  std::vector<v1::DeviceDescription> known;
  {
    MutexLock lock(mutex_);
    if (asks_driver_ && !stopping_ && !Fresh() && waiting_.size() < kMostWaiting) {
      waiting_.push_back(std::move(reply));
      changed_.SignalAll();
      return;
    }
    known = known_;
  }
  reply(Response(known));
}

v1::DescribeResponse DeviceDescriptions::Known() {
  std::vector<v1::DeviceDescription> known;
  {
    MutexLock lock(mutex_);
    known = known_;
  }
  return Response(known);
}

bool DeviceDescriptions::Fresh() const {
  return read_ && clock_.MonotonicNs() - read_ns_ < kFreshNs;
}

void DeviceDescriptions::Run() {
  while (true) {
    bool fresh = false;
    {
      MutexLock lock(mutex_);
      while (waiting_.empty() && !stopping_) changed_.Wait(mutex_);
      if (waiting_.empty()) return;
      fresh = Fresh() || stopping_;
    }
    std::vector<v1::DeviceDescription> known;
    if (!fresh) known = ReadAll();
    std::vector<Reply> waiting;
    {
      MutexLock lock(mutex_);
      if (!fresh) {
        known_ = std::move(known);
        read_ = true;
        read_ns_ = clock_.MonotonicNs();
      }
      known = known_;
      waiting.swap(waiting_);
    }
    const v1::DescribeResponse response = Response(known);
    for (const Reply& reply : waiting) reply(response);
  }
}

std::vector<v1::DeviceDescription> DeviceDescriptions::ReadAll() const {
  std::vector<v1::DeviceDescription> known = Fixed(devices_);
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    if (devices_[i].gpu.empty()) continue;
    const absl::StatusOr<kernels::GpuInformation> read = reader_->Read(devices_[i].gpu);
    if (read.ok()) {
      // What the driver leaves out is kept as it was found at the start.
      known[i].mutable_gpu()->MergeFrom(ToProto(*read));
    } else if (absl::IsUnavailable(read.status())) {  // it may just not know the GPU
      known[i].set_trouble(Printable(read.status().message(), kMostTroubleBytes));
    }
  }
  return known;
}

v1::DescribeResponse DeviceDescriptions::Response(
    const std::vector<v1::DeviceDescription>& known) const {
  v1::DescribeResponse response;
  response.set_software(software_);
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    v1::DeviceDescription& entry = *response.add_devices();
    entry = known[i];
    // Why a proof failed says more than why the driver does not answer.
    if (const std::string trouble = devices_[i].trouble(); !trouble.empty()) {
      entry.set_trouble(Printable(trouble, kMostTroubleBytes));
    }
  }
  return response;
}

}  // namespace kaisar::provider
