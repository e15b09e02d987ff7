#include "tests/gpu/round_caller.h"

#include "base/status_macros.h"

namespace kaisar::kernels {

absl::StatusOr<RoundCaller> RoundCaller::Make(RoundPath path, std::uint32_t n) {
  RoundCaller caller;
  caller.path_ = path;
  if (path != RoundPath::kBf16) return caller;
  const std::size_t count = std::size_t{n} * n;
  ASSIGN_OR_RETURN(caller.w_, DeviceBuffer::Allocate(2 * count));
  ASSIGN_OR_RETURN(caller.z_, DeviceBuffer::Allocate(2 * count));
  ASSIGN_OR_RETURN(caller.inexact_, DeviceBuffer::Allocate(4));
  const std::uint32_t none = 0;
  RETURN_IF_ERROR(caller.inexact_.Write(&none, sizeof(none)));
  return caller;
}

cudaError_t RoundCaller::Prepare(const std::int8_t* w, std::uint32_t n, cudaStream_t stream) const {
  if (path_ != RoundPath::kBf16) return cudaSuccess;
  return LaunchToBf16(w, w_.As<std::uint16_t>(), std::size_t{n} * n, stream);
}

cudaError_t RoundCaller::Enqueue(const RoundArguments& arguments, cudaStream_t stream) const {
  switch (path_) {
    case RoundPath::kPlain:
      return LaunchPlainRound(arguments, stream);
    case RoundPath::kMma:
      return LaunchMmaRound(arguments, stream);
    case RoundPath::kWgmma:
      return LaunchWgmmaRound(arguments, stream);
    case RoundPath::kBf16:
      break;
  }
  Bf16Scratch scratch;
  scratch.w = w_.As<std::uint16_t>();
  scratch.z = z_.As<std::uint16_t>();
  scratch.inexact = inexact_.As<std::uint32_t>();
  return LaunchBf16Round(arguments, scratch, stream);
}

absl::StatusOr<std::uint32_t> RoundCaller::Inexact() const {
  std::uint32_t count = 0;
  if (path_ == RoundPath::kBf16) RETURN_IF_ERROR(inexact_.Read(&count, sizeof(count)));
  return count;
}

absl::Status RoundCaller::CheckGuards() const {
  if (path_ != RoundPath::kBf16) return absl::OkStatus();
  RETURN_IF_ERROR(w_.CheckGuards());
  RETURN_IF_ERROR(z_.CheckGuards());
  return inexact_.CheckGuards();
}

std::vector<RoundPath> PathsBesidePlain(int compute_capability) {
  std::vector<RoundPath> paths;
  for (const RoundPath path : {RoundPath::kMma, RoundPath::kWgmma, RoundPath::kBf16}) {
    if (Runs(path, compute_capability)) paths.push_back(path);
  }
  return paths;
}

}  // namespace kaisar::kernels
