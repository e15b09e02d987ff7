#include "tests/gpu/round_fixture.h"

namespace kaisar::kernels {

void PrintTo(RoundPath path, std::ostream* out) {
  *out << NameOf(path);
}

std::string NameOfParam(const ::testing::TestParamInfo<RoundPath>& path) {
  const std::string name = NameOf(path.param);
  return name.substr(0, name.find('.'));
}

void RoundTest::SetUp() {
  GpuTest::SetUp();
  if (IsSkipped() || HasFatalFailure()) return;
  if (!Runs(GetParam(), ComputeCapability())) {
    GTEST_SKIP() << "compute capability " << ComputeCapability() << " does not run "
                 << NameOf(GetParam());
  }
  auto stop = StopFlag::Allocate();
  ASSERT_TRUE(stop.ok()) << stop.status();
  stop_ = *std::move(stop);
}

void RoundTest::Begin(const Matrix8& w, std::uint32_t n) {
  n_ = n;
  w_ = OnGpu(w);
  auto caller = RoundCaller::Make(GetParam(), n);
  ASSERT_TRUE(caller.ok()) << caller.status();
  caller_ = *std::move(caller);
  ASSERT_TRUE(Done(caller_->Prepare(w_.As<std::int8_t>(), n, nullptr)));
}

cudaError_t RoundTest::Enqueue(const DeviceBuffer& z, const DeviceBuffer& next,
                               cudaStream_t stream) {
  RoundArguments arguments;
  arguments.w = w_.As<std::int8_t>();
  arguments.z = z.As<std::int8_t>();
  arguments.next = next.As<std::int8_t>();
  arguments.n = n_;
  arguments.stop = stop_->get();
  return caller_->Enqueue(arguments, stream);
}

void RoundTest::Run(const DeviceBuffer& z, DeviceBuffer& next) {
  ASSERT_TRUE(next.Poison().ok());
  ASSERT_TRUE(Done(Enqueue(z, next, nullptr)));
  EXPECT_TRUE(GuardsStand(next));
  EXPECT_TRUE(GuardsStand(z));
  EXPECT_TRUE(GuardsStand(w_));
  const absl::Status scratch = caller_->CheckGuards();
  EXPECT_TRUE(scratch.ok()) << scratch;
}

Matrix8 RoundTest::RoundOf(const Matrix8& z) {
  const DeviceBuffer state = OnGpu(z);
  DeviceBuffer next = PoisonedBuffer(z.size());
  Run(state, next);
  EXPECT_TRUE(Same(z, FromGpu(state), n_)) << "the state was written to";
  return FromGpu(next);
}

std::uint32_t RoundTest::Inexact() const {
  const auto count = caller_->Inexact();
  EXPECT_TRUE(count.ok()) << count.status();
  return count.value_or(0);
}

}  // namespace kaisar::kernels
