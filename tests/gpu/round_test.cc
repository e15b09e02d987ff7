#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/hex.h"
#include "kernels/element.h"
#include "kernels/rows.h"
#include "tests/gpu/host_round.h"
#include "tests/gpu/own_kernels.h"
#include "tests/gpu/round_fixture.h"

namespace kaisar::kernels {
namespace {

struct Size {
  std::uint32_t n;
  int rounds;  // as many as the CPU does in about a second on 16 cores
};
constexpr Size kChains[] = {{256, 64}, {512, 32}, {1024, 16}, {2048, 8}, {4096, 3}, {8192, 2}};

// How many bytes differ, found on the GPU.
unsigned long long Differences(const DeviceBuffer& a, const DeviceBuffer& b) {
  DeviceBuffer counts = PoisonedBuffer(16);
  const unsigned long long none[2] = {0, 0};
  EXPECT_TRUE(counts.Write(none, sizeof(none)).ok());
  auto* const count = counts.As<unsigned long long>();
  EXPECT_TRUE(Done(LaunchCompare(a.As<std::uint8_t>(), b.As<std::uint8_t>(), a.bytes(), count,
                                 count + 1, nullptr)));
  unsigned long long found[2] = {1, 0};
  EXPECT_TRUE(counts.Read(found, sizeof(found)).ok());
  return found[0];
}

TEST_P(RoundTest, EqualsTheCpuOverManyRoundsOfRandomSeeds) {
  for (const Size& size : kChains) {
    const std::vector<std::uint32_t> sizes = Sizes(8192);
    if (std::find(sizes.begin(), sizes.end(), size.n) == sizes.end()) continue;
    const Digest seed = RandomSeed();
    SCOPED_TRACE(testing::Message() << "n = " << size.n << ", seed " << ToHex(seed));
    Matrix8 w(std::size_t{size.n} * size.n);
    Matrix8 state(w.size());
    GenerateRows(seed, Matrix::kW, 0, size.n, absl::MakeSpan(w));
    GenerateRows(seed, Matrix::kZ0, 0, size.n, absl::MakeSpan(state));
    Begin(w, size.n);
    DeviceBuffer z = OnGpu(state);
    DeviceBuffer next = PoisonedBuffer(state.size());
    for (int j = 1; j <= Repetitions(size.rounds); ++j) {
      Run(z, next);
      state = HostRound(w, state, size.n);
      ASSERT_TRUE(Same(state, FromGpu(next), size.n)) << "round " << j;
      std::swap(z, next);
    }
    EXPECT_EQ(Inexact(), 0U) << "random elements are far from 2^24";
  }
}

// Too much for the CPU: against the plain path, which the CPU has confirmed up to 8192.
TEST_P(RoundTest, EqualsThePlainPathAt16384) {
  constexpr std::uint32_t kN = 16384;
  if (Sizes(kN).back() < kN || GetParam() == RoundPath::kPlain) GTEST_SKIP() << "not at this size";
  const Matrix8 w = RandomMatrix(kN);
  const DeviceBuffer z = OnGpu(RandomMatrix(kN));
  DeviceBuffer next = PoisonedBuffer(w.size());
  Begin(w, kN);
  Run(z, next);
  const DeviceBuffer on_gpu = OnGpu(w);
  const DeviceBuffer expected = PoisonedBuffer(w.size());
  const RoundArguments arguments{on_gpu.As<std::int8_t>(), z.As<std::int8_t>(),
                                 expected.As<std::int8_t>(), kN, stop().get()};
  ASSERT_TRUE(Done(LaunchPlainRound(arguments, nullptr)));
  EXPECT_EQ(Differences(expected, next), 0U);
}

// Here an index needs more than 31 bits as soon as it is multiplied by anything.
TEST_P(RoundTest, IsRightAtTheLargestSize) {
  constexpr std::uint32_t kN = 32768;
  if (Sizes(kN).back() < kN || GetParam() == RoundPath::kPlain) GTEST_SKIP() << "not at this size";
  const Matrix8 w = RandomMatrix(kN);
  const Matrix8 z = RandomMatrix(kN);
  Begin(w, kN);
  const Matrix8 next = RoundOf(z);
  const absl::Span<const std::int8_t> rows = w;
  const absl::Span<const std::int8_t> columns = z;
  std::random_device random;
  std::uniform_int_distribution<std::size_t> draw(0, kN - 1);
  for (int i = 0; i < 10'000; ++i) {
    const std::size_t r = i == 0 ? kN - 1 : draw(random);
    const std::size_t c = i == 0 ? kN - 1 : draw(random);
    const std::int32_t sum = DotProduct(rows.subspan(r * kN, kN), columns.subspan(c * kN, kN));
    ASSERT_EQ(int{next[r * kN + c]}, int{ElementFromSum(sum)}) << "row " << r << ", column " << c;
  }
}

// A missing barrier shows in one run of many.
TEST_P(RoundTest, GivesTheSameBitsEveryTime) {
  const std::uint32_t n = Sizes(2048).back();
  Begin(RandomMatrix(n), n);
  const DeviceBuffer z = OnGpu(RandomMatrix(n));
  DeviceBuffer first = PoisonedBuffer(z.bytes());
  DeviceBuffer again = PoisonedBuffer(z.bytes());
  Run(z, first);
  for (int i = 0; i < Repetitions(50); ++i) {
    Run(z, again);
    ASSERT_EQ(Differences(first, again), 0U) << "run " << i;
  }
}

TEST_P(RoundTest, KeepsTheOrderOfRoundsThatAreEnqueuedAtOnce) {
  const auto rounds = static_cast<std::size_t>(Repetitions(64));
  const std::uint32_t n = 512;
  const Matrix8 w = RandomMatrix(n);
  Matrix8 state = RandomMatrix(n);
  Begin(w, n);
  std::vector<DeviceBuffer> states;
  states.push_back(OnGpu(state));
  for (std::size_t j = 0; j < rounds; ++j) states.push_back(PoisonedBuffer(state.size()));
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  for (std::size_t j = 0; j < rounds; ++j) {
    ASSERT_EQ(Enqueue(states[j], states[j + 1], stream), cudaSuccess);
  }
  ASSERT_TRUE(Done(cudaStreamDestroy(stream)));
  for (std::size_t j = 1; j <= rounds; ++j) {
    state = HostRound(w, state, n);
    ASSERT_TRUE(Same(state, FromGpu(states[j]), n)) << "round " << j;
    EXPECT_TRUE(GuardsStand(states[j]));
  }
}

TEST_P(RoundTest, EndsWithoutWorkOnceStopIsSet) {
  const std::uint32_t n = Sizes(1024).back();
  const Matrix8 w = RandomMatrix(n);
  const Matrix8 z = RandomMatrix(n);
  Begin(w, n);
  stop().Set(1);
  const Matrix8 expected = HostRound(w, z, n);
  const Matrix8 unfinished = RoundOf(z);
  EXPECT_FALSE(Same(expected, unfinished, n));
  EXPECT_EQ(std::count(unfinished.begin(), unfinished.end(),
                       static_cast<std::int8_t>(DeviceBuffer::kPoison)),
            static_cast<std::ptrdiff_t>(unfinished.size()));
  stop().Set(0);
  EXPECT_TRUE(Same(expected, RoundOf(z), n)) << "the round after a stopped one";
}

// The flag is set between two rounds of a stream, by the stream itself.
TEST_P(RoundTest, DropsWhatIsEnqueuedWhenStopIsSetOnTheWay) {
  const std::uint32_t n = 512;
  const Matrix8 w = RandomMatrix(n);
  const Matrix8 state = RandomMatrix(n);
  Begin(w, n);
  const DeviceBuffer z = OnGpu(state);
  const DeviceBuffer first = PoisonedBuffer(state.size());
  const DeviceBuffer second = PoisonedBuffer(state.size());
  ASSERT_EQ(Enqueue(z, first, nullptr), cudaSuccess);
  ASSERT_EQ(stop().EnqueueSet(nullptr), cudaSuccess);
  ASSERT_TRUE(Done(Enqueue(first, second, nullptr)));
  EXPECT_TRUE(Same(HostRound(w, state, n), FromGpu(first), n));
  const Matrix8 poison(state.size(), static_cast<std::int8_t>(DeviceBuffer::kPoison));
  EXPECT_TRUE(Same(poison, FromGpu(second), n));
}

INSTANTIATE_TEST_SUITE_P(Paths, RoundTest, testing::ValuesIn(kEveryPath), NameOfParam);

}  // namespace
}  // namespace kaisar::kernels
