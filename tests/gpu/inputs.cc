#include <random>

#include "absl/strings/str_cat.h"
#include "base/entropy.h"
#include "base/status_macros.h"
#include "kernels/element.h"
#include "kernels/rows.h"
#include "tests/gpu/measurement.h"
#include "tests/gpu/own_kernels.h"

namespace kaisar::kernels {
namespace {

// Elements that the CPU looks at: one wrong column in a hundred is found for sure (0.99^1024).
constexpr int kSpots = 1024;

}  // namespace

absl::StatusOr<Digest> DrawSeed() {
  Digest seed;
  RETURN_IF_ERROR(OsEntropy().Fill(absl::MakeSpan(seed)));
  return seed;
}

absl::StatusOr<Inputs> Inputs::Make(std::uint32_t n) {
  Inputs inputs;
  inputs.n_ = n;
  const std::size_t bytes = std::size_t{n} * n;
  ASSIGN_OR_RETURN(const Digest seed, DrawSeed());
  inputs.host_w_.resize(bytes);
  GenerateRows(seed, Matrix::kW, 0, n, absl::MakeSpan(inputs.host_w_));
  ASSIGN_OR_RETURN(inputs.w_, DeviceBuffer::Allocate(bytes));
  RETURN_IF_ERROR(inputs.w_.Write(inputs.host_w_.data(), bytes));
  for (int i = 0; i < kStates; ++i) {
    ASSIGN_OR_RETURN(const Digest other, DrawSeed());
    std::vector<std::int8_t> host(bytes);
    GenerateRows(other, Matrix::kZ0, 0, n, absl::MakeSpan(host));
    ASSIGN_OR_RETURN(DeviceBuffer state, DeviceBuffer::Allocate(bytes));
    RETURN_IF_ERROR(state.Write(host.data(), bytes));
    inputs.host_z_.push_back(std::move(host));
    inputs.z_.push_back(std::move(state));
  }
  return inputs;
}

absl::Status Inputs::SpotCheck(const DeviceBuffer& next, int launch) const {
  std::random_device random;
  std::uniform_int_distribution<std::uint32_t> draw(0, n_ - 1);
  const absl::Span<const std::int8_t> w = host_w_;
  const absl::Span<const std::int8_t> z = host_z_[static_cast<std::size_t>(launch % kStates)];
  std::vector<std::int8_t> found(std::size_t{n_} * n_);
  RETURN_IF_ERROR(next.Read(found.data(), found.size()));
  for (int i = 0; i < kSpots; ++i) {
    const std::size_t r = draw(random);
    const std::size_t c = draw(random);
    const std::int8_t right =
        ElementFromSum(DotProduct(w.subspan(r * n_, n_), z.subspan(c * n_, n_)));
    if (found[r * n_ + c] == right) continue;
    return absl::DataLossError(absl::StrCat("element ", r, ", ", c, " of the plain path is ",
                                            found[r * n_ + c], ", the CPU's is ", right));
  }
  return absl::OkStatus();
}

absl::Status CheckSame(const void* expected, const void* found, std::size_t bytes,
                       const std::string& what) {
  ASSIGN_OR_RETURN(DeviceBuffer counts, DeviceBuffer::Allocate(16));
  std::uint64_t result[2] = {0, ~std::uint64_t{0}};
  RETURN_IF_ERROR(counts.Write(result, sizeof(result)));
  auto* const count = counts.As<unsigned long long>();
  RETURN_IF_ERROR(CheckCuda(
      LaunchCompare(static_cast<const std::uint8_t*>(expected),
                    static_cast<const std::uint8_t*>(found), bytes, count, count + 1, nullptr),
      "compare"));
  RETURN_IF_ERROR(counts.Read(result, sizeof(result)));
  if (result[0] == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(what, ": ", result[0], " of ", bytes,
                                          " bytes differ, the first at ", result[1]));
}

}  // namespace kaisar::kernels
