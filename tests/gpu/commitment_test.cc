#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "base/hex.h"
#include "base/sha256.h"
#include "kernels/cuda/launch.h"
#include "kernels/merkle_tree.h"
#include "kernels/rows.h"
#include "tests/gpu/gpu_fixture.h"

namespace kaisar::kernels {
namespace {

// What stands before and behind the rounds: inputs, trees and the copies of an answer.
class CommitmentTest : public GpuTest {};

ByteView Unsigned(const Matrix8& matrix) {
  return ByteView(reinterpret_cast<const std::uint8_t*>(matrix.data()), matrix.size());
}

// Level 0 first, the root last, as the CPU hashes.
std::vector<Digest> AllDigests(const Matrix8& state, std::uint32_t n) {
  const ByteView bytes = Unsigned(state);
  std::vector<Digest> digests;
  const std::size_t segment = SegmentBytes(n);
  for (std::size_t at = 0; at < bytes.size(); at += segment) {
    digests.push_back(Sha256(bytes.subspan(at, segment)));
  }
  for (std::size_t left = 0; left + 1 < digests.size(); left += 2) {
    digests.push_back(Sha256(digests[left], digests[left + 1]));
  }
  return digests;
}

std::vector<Digest> DigestsOnGpu(const Matrix8& state, std::uint32_t n,
                                 const volatile std::uint32_t* stop) {
  const DeviceBuffer on_gpu = OnGpu(state);
  const DeviceBuffer digests = PoisonedBuffer(32 * TreeDigests(n));
  EXPECT_TRUE(
      Done(LaunchTree(on_gpu.As<std::int8_t>(), n, digests.As<std::uint8_t>(), stop, nullptr)));
  EXPECT_TRUE(GuardsStand(digests));
  EXPECT_TRUE(GuardsStand(on_gpu));
  std::vector<Digest> found(TreeDigests(n));
  EXPECT_TRUE(digests.Read(found.data(), 32 * found.size()).ok());
  return found;
}

TEST_F(CommitmentTest, GeneratesTheRowsOfTheCpu) {
  for (const std::uint32_t n : Sizes(16384)) {
    const Digest seed = RandomSeed();
    for (const Matrix which : {Matrix::kW, Matrix::kZ0}) {
      SCOPED_TRACE(testing::Message() << "n = " << n << ", seed " << ToHex(seed));
      Matrix8 expected(std::size_t{n} * n);
      GenerateRows(seed, which, 0, n, absl::MakeSpan(expected));
      const DeviceBuffer out = PoisonedBuffer(expected.size());
      ASSERT_TRUE(Done(LaunchGenerate(seed, static_cast<std::uint32_t>(which), n,
                                      out.As<std::int8_t>(), nullptr)));
      EXPECT_TRUE(Same(expected, FromGpu(out), n));
      EXPECT_TRUE(GuardsStand(out));
    }
  }
}

TEST_F(CommitmentTest, GivesEveryDigestOfTheTree) {
  auto stop = StopFlag::Allocate();
  ASSERT_TRUE(stop.ok()) << stop.status();
  for (const std::uint32_t n : Sizes(8192)) {
    SCOPED_TRACE(testing::Message() << "n = " << n);
    const Matrix8 state = RandomMatrix(n);
    const std::vector<Digest> expected = AllDigests(state, n);
    const std::vector<Digest> found = DigestsOnGpu(state, n, stop->get());
    ASSERT_EQ(expected.size(), found.size());
    EXPECT_EQ(expected.back(), MerkleTree::Build(state, n, 1).root());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(ToHex(expected[i]), ToHex(found[i])) << "digest " << i << " of " << found.size();
    }
  }
}

TEST_F(CommitmentTest, DropsATreeOnceStopIsSet) {
  auto stop = StopFlag::Allocate();
  ASSERT_TRUE(stop.ok()) << stop.status();
  const std::uint32_t n = 512;
  const Matrix8 state = RandomMatrix(n);
  stop->Set(1);
  const Digest unfinished = DigestsOnGpu(state, n, stop->get()).back();
  stop->Set(0);
  EXPECT_NE(unfinished, MerkleTree::Build(state, n, 1).root());
  EXPECT_EQ(DigestsOnGpu(state, n, stop->get()).back(), MerkleTree::Build(state, n, 1).root());
}

TEST_F(CommitmentTest, GathersPiecesOfEverySize) {
  constexpr std::size_t kBytes = std::size_t{1} << 24;
  const Matrix8 source = RandomMatrix(4096);
  ASSERT_EQ(source.size(), kBytes);
  const DeviceBuffer from = OnGpu(source);
  const DeviceBuffer to = PoisonedBuffer(2 * kBytes);
  Matrix8 expected(2 * kBytes, static_cast<std::int8_t>(DeviceBuffer::kPoison));
  std::vector<CopyOrder> orders;
  std::random_device random;
  std::size_t at = 0;
  for (const std::uint32_t bytes :
       {16U, 32U, 48U, 240U, 256U, 1024U, 4112U, 8192U, 32768U, 65536U, 1048576U}) {
    for (int i = 0; i < 8; ++i) {
      const std::size_t offset =
          16 * (std::uniform_int_distribution<std::size_t>(0, (kBytes - bytes) / 16)(random));
      orders.push_back({from.As<std::uint8_t>() + offset, to.As<std::uint8_t>() + at, bytes});
      std::memcpy(expected.data() + at, source.data() + offset, bytes);
      at += bytes + 16;  // what lies between two pieces stays as it was
    }
  }
  DeviceBuffer on_gpu = PoisonedBuffer(orders.size() * sizeof(CopyOrder));
  ASSERT_TRUE(on_gpu.Write(orders.data(), on_gpu.bytes()).ok());
  ASSERT_TRUE(Done(LaunchGather(on_gpu.As<CopyOrder>(), orders.size(), nullptr)));
  EXPECT_TRUE(Same(expected, FromGpu(to), 4096));
  EXPECT_TRUE(GuardsStand(to));
}

TEST_F(CommitmentTest, GathersNothingWhenNothingIsOrdered) {
  const DeviceBuffer orders = PoisonedBuffer(sizeof(CopyOrder));
  EXPECT_TRUE(Done(LaunchGather(orders.As<CopyOrder>(), 0, nullptr)));
}

}  // namespace
}  // namespace kaisar::kernels
