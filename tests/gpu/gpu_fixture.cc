#include "tests/gpu/gpu_fixture.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/entropy.h"
#include "kernels/rows.h"

namespace kaisar::kernels {
namespace {

constexpr int kFew = 2;

bool IsSet(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && std::strcmp(value, "1") == 0;
}

}  // namespace

void GpuTest::SetUp() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);  // leaves the count when it fails
  if (error == cudaSuccess && count > 0) {
    ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
    return;
  }
  if (IsSet("KAISAR_REQUIRE_GPU")) FAIL() << "no GPU: " << cudaGetErrorString(error);
  GTEST_SKIP() << "no GPU: " << cudaGetErrorString(error);
}

int GpuTest::ComputeCapability() {
  int major = 0;
  int minor = 0;
  cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0);
  cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0);
  return 10 * major + minor;
}

std::vector<std::uint32_t> GpuTest::Sizes(std::uint32_t most) {
  const char* const limit = std::getenv("KAISAR_GPU_LARGEST_N");
  if (limit != nullptr) {
    most = std::min(most, static_cast<std::uint32_t>(std::strtoul(limit, nullptr, 10)));
  }
  std::vector<std::uint32_t> sizes;
  for (std::uint32_t n = 256; n <= most; n *= 2) sizes.push_back(n);
  return sizes;
}

int GpuTest::Repetitions(int times) {
  return IsSet("KAISAR_GPU_WATCHED") ? std::min(times, kFew) : times;
}

Digest RandomSeed() {
  Digest seed{};
  EXPECT_TRUE(OsEntropy().Fill(absl::MakeSpan(seed)).ok());
  return seed;
}

Matrix8 RandomMatrix(std::uint32_t n) {
  Matrix8 matrix(std::size_t{n} * n);
  GenerateRows(RandomSeed(), Matrix::kW, 0, n, absl::MakeSpan(matrix));
  return matrix;
}

DeviceBuffer PoisonedBuffer(std::size_t bytes) {
  auto buffer = DeviceBuffer::Allocate(bytes);
  EXPECT_TRUE(buffer.ok()) << buffer.status();
  return buffer.ok() ? *std::move(buffer) : DeviceBuffer();
}

DeviceBuffer OnGpu(const Matrix8& matrix) {
  DeviceBuffer buffer = PoisonedBuffer(matrix.size());
  const absl::Status written = buffer.Write(matrix.data(), matrix.size());
  EXPECT_TRUE(written.ok()) << written;
  return buffer;
}

Matrix8 FromGpu(const DeviceBuffer& buffer) {
  Matrix8 matrix(buffer.bytes());
  const absl::Status read = buffer.Read(matrix.data(), matrix.size());
  EXPECT_TRUE(read.ok()) << read;
  return matrix;
}

::testing::AssertionResult Same(const Matrix8& expected, const Matrix8& found, std::uint32_t n) {
  if (expected.size() != found.size()) {
    return ::testing::AssertionFailure() << found.size() << " bytes, not " << expected.size();
  }
  if (std::memcmp(expected.data(), found.data(), expected.size()) == 0) {
    return ::testing::AssertionSuccess();
  }
  std::size_t different = 0;
  std::size_t first = expected.size();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] == found[i]) continue;
    ++different;
    first = std::min(first, i);
  }
  return ::testing::AssertionFailure()
         << different << " of " << expected.size() << " bytes differ, the first at row "
         << first / n << ", column " << first % n << ": " << int{found[first]} << ", not "
         << int{expected[first]};
}

::testing::AssertionResult GuardsStand(const DeviceBuffer& buffer) {
  const absl::Status status = buffer.CheckGuards();
  if (status.ok()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << status;
}

::testing::AssertionResult Done(cudaError_t launched) {
  const cudaError_t error = launched != cudaSuccess ? launched : cudaDeviceSynchronize();
  if (error == cudaSuccess) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << cudaGetErrorName(error) << ", " << cudaGetErrorString(error);
}

}  // namespace kaisar::kernels
