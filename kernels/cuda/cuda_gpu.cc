#include "kernels/cuda/cuda_gpu.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "kernels/cuda/cuda_memory.h"
#include "kernels/cuda/cuda_work.h"
#include "kernels/proof_layout.h"

namespace kaisar::kernels {
namespace {

// What the driver takes when kernels run for the first time, and rounding up to its pages of 2 MiB.
constexpr std::uint64_t kDriverBytes = std::uint64_t{128} << 20;

// The GPUs that this process has open.
struct OpenGpus {
  Mutex mutex;
  std::set<int> devices ABSL_GUARDED_BY(mutex);
};
OpenGpus& TheOpenGpus() {
  static OpenGpus* const gpus = new OpenGpus;
  return *gpus;
}

// An entry in it.
class OpenMark {
 public:
  static absl::StatusOr<OpenMark> Set(int device) {
    MutexLock lock(TheOpenGpus().mutex);
    if (!TheOpenGpus().devices.insert(device).second) {
      return absl::AlreadyExistsError("the GPU is already open in this process");
    }
    return OpenMark(device);
  }
  OpenMark(OpenMark&& other) noexcept : device_(std::exchange(other.device_, -1)) {}
  OpenMark& operator=(OpenMark&&) = delete;
  ~OpenMark() {
    if (device_ < 0) return;
    MutexLock lock(TheOpenGpus().mutex);
    TheOpenGpus().devices.erase(device_);
  }

 private:
  explicit OpenMark(int device) : device_(device) {}
  int device_;
};

// Waiting threads sleep instead of spinning; computes nothing, but asks the GPU for a little.
absl::Status Begin(int device) {
  RETURN_IF_ERROR(CudaStatus(
      cudaInitDevice(device, cudaDeviceScheduleBlockingSync, cudaInitDeviceFlagsAreValid),
      "initializing the GPU"));
  RETURN_IF_ERROR(CudaStatus(cudaSetDevice(device), "choosing the GPU"));
  ASSIGN_OR_RETURN(const DeviceMemory little, TakeDeviceMemory(256));
  RETURN_IF_ERROR(CudaStatus(cudaMemset(little.get(), 0, 256), "writing to the GPU's memory"));
  return CudaStatus(cudaDeviceSynchronize(), "waiting for the GPU");
}

class CudaGpu : public Gpu {
 public:
  CudaGpu(OpenMark mark, int device, RoundPath path, std::string name)
      : mark_(std::move(mark)), device_(device), path_(path), name_(std::move(name)) {}

  absl::StatusOr<GpuMemory> ReadMemory() override {
    RETURN_IF_ERROR(CudaStatus(cudaSetDevice(device_), "choosing the GPU"));
    std::size_t free_bytes = 0;
    std::size_t total_bytes = 0;
    RETURN_IF_ERROR(
        CudaStatus(cudaMemGetInfo(&free_bytes, &total_bytes), "reading the memory's size"));
    return GpuMemory{free_bytes, total_bytes};
  }

  std::uint64_t ProofBytes(std::uint32_t n, std::uint32_t rounds) const override {
    return CudaWork::Bytes(ProofLayout(n, rounds), path_) + kDriverBytes;
  }

  absl::StatusOr<std::unique_ptr<GpuWork>> Reserve(std::uint32_t n, std::uint32_t rounds) override {
    return CudaWork::Reserve(device_, path_, ProofLayout(n, rounds));
  }

  std::string Description() const override { return absl::StrCat(name_, ", ", NameOf(path_)); }

 private:
  const OpenMark mark_;
  const int device_;
  const RoundPath path_;
  const std::string name_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Gpu>> MakeCudaGpu(int device, std::optional<RoundPath> path) {
  ASSIGN_OR_RETURN(OpenMark mark, OpenMark::Set(device));
  cudaDeviceProp properties{};
  RETURN_IF_ERROR(
      CudaStatus(cudaGetDeviceProperties(&properties, device), "reading the GPU's properties"));
  const int compute_capability = 10 * properties.major + properties.minor;
  const RoundPath chosen = path.value_or(BestRoundPath(compute_capability));
  if (!Runs(chosen, compute_capability)) {
    return absl::InvalidArgumentError(absl::StrCat(properties.name, " of compute capability ",
                                                   properties.major, ".", properties.minor,
                                                   " does not run the path ", NameOf(chosen)));
  }
  RETURN_IF_ERROR(Begin(device));
  return std::make_unique<CudaGpu>(std::move(mark), device, chosen, properties.name);
}

}  // namespace kaisar::kernels
