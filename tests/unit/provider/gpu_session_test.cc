// What becomes of a provider's challenges when one of its GPUs fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>

#include "challenges/roster.h"
#include "provider/matmul_session.h"
#include "tests/support/fake_gpu.h"
#include "tests/support/sample_provider.h"

namespace kaisar::provider {
namespace {

using ::testing::AllOf;
using testing::FakeGpuControl;
using ::testing::HasSubstr;
using Kind = testing::GpuFaults::Kind;

constexpr std::uint32_t kOtherDevice = kDevice + 1;
constexpr std::uint64_t kMemoryBytes = 16 << 20;

/// Keeps what is logged, while it lives.
class LogCapture {
 public:
  LogCapture() {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "captured", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines_)));
  }
  ~LogCapture() { spdlog::set_default_logger(before_); }
  std::string Lines() const { return lines_.str(); }

 private:
  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream lines_;
};

/// The stream of one challenge.
class GpuStream {
 public:
  GpuStream(const Peer& peer, const SessionServices& services)
      : session_(peer, services, [this](absl::StatusOr<v1::MatmulResponse> reply) {
          MutexLock lock(mutex_);
          reply_ = std::move(reply);
          arrived_.SignalAll();
        }) {}

  Step<v1::MatmulResponse> Send(const v1::MatmulRequest& request) {
    return session_.OnRequest(request);
  }
  /// Waits for the worker.
  Step<v1::MatmulResponse> Await() {
    std::optional<absl::StatusOr<v1::MatmulResponse>> reply;
    {
      MutexLock lock(mutex_);
      while (!reply_.has_value()) arrived_.Wait(mutex_);
      reply_.swap(reply);
    }
    return session_.OnReply(*std::move(reply));
  }
  MatmulSession& session() { return session_; }

 private:
  Mutex mutex_;
  CondVar arrived_;
  std::optional<absl::StatusOr<v1::MatmulResponse>> reply_ ABSL_GUARDED_BY(mutex_);
  MatmulSession session_;
};

class GpuSessionTest : public ::testing::Test {
 protected:
  static std::unique_ptr<MatmulWorker> WorkerOn(std::uint32_t device,
                                                const std::shared_ptr<FakeGpuControl>& gpu) {
    auto engine = kernels::MakeGpuEngine(testing::MakeFakeGpu(gpu), [] {});
    return std::make_unique<MatmulWorker>(Device{device, "gpu", KeyOf(0x77), std::move(engine)},
                                          kDomain);
  }

  std::unique_ptr<GpuStream> Open() { return std::make_unique<GpuStream>(peer_, services_); }

  v1::MatmulRequest Challenge(std::uint32_t device) {
    clock_.AdvanceMs(10'000);  // so that the rate limit does not answer
    v1::SignedChallenge challenge = SampleChallenge(clock_, v1::MATMUL, 1, ++number_);
    challenge.mutable_challenge()->set_device(device);
    v1::MatmulRequest request;
    *request.mutable_challenge() = Signed(challenge);
    return request;
  }

  static v1::MatmulRequest Samples() {
    v1::MatmulRequest request;
    for (std::uint32_t j : {0U, 1U, 1U}) request.mutable_samples()->add_samples()->set_j(j);
    return request;
  }

  /// A whole challenge of a device; how it ended.
  absl::Status Run(std::uint32_t device) {
    const auto stream = Open();
    stream->Send(Challenge(device));
    Step<v1::MatmulResponse> step = stream->Await();
    if (step.end.has_value()) return *step.end;
    stream->Send(Samples());
    step = stream->Await();
    EXPECT_TRUE(!step.end->ok() || step.response->has_opening());
    return *step.end;
  }

  FakeClock clock_;
  const Peer peer_{SampleSlot(1).tls_pin, 1};
  const Limits limits_ = SampleLimits();
  Admission admission_{kDomain,
                       {SampleSlot(1)},
                       {{kDevice, kStateMemoryBytes}, {kOtherDevice, kStateMemoryBytes}},
                       limits_,
                       clock_};
  std::uint8_t number_ = 0;
  LogCapture log_;
  std::shared_ptr<FakeGpuControl> gpu_ = std::make_shared<FakeGpuControl>(kMemoryBytes);
  std::shared_ptr<FakeGpuControl> other_gpu_ = std::make_shared<FakeGpuControl>(kMemoryBytes);
  std::unique_ptr<MatmulWorker> worker_ = WorkerOn(kDevice, gpu_);
  std::unique_ptr<MatmulWorker> other_worker_ = WorkerOn(kOtherDevice, other_gpu_);
  SessionServices services_{admission_,
                            limits_,
                            kDomain,
                            clock_,
                            [this](std::uint32_t device) -> MatmulWorker& {
                              return device == kDevice ? *worker_ : *other_worker_;
                            },
                            nullptr};
};

TEST_F(GpuSessionTest, AGpuThatFallsOffTheBusFailsItsChallengesAndNoOthers) {
  const auto other = Open();
  other->Send(Challenge(kOtherDevice));
  ASSERT_TRUE(other->Await().response->has_commitment());

  gpu_->Order({.kind = Kind::kOffTheBus, .after_rounds = 1});
  const absl::Status lost = Run(kDevice);
  EXPECT_EQ(lost.code(), absl::StatusCode::kAborted) << lost;
  EXPECT_THAT(std::string(lost.message()), HasSubstr("cudaErrorDevicesUnavailable"));
  EXPECT_EQ(Run(kDevice).code(), absl::StatusCode::kAborted);
  EXPECT_THAT(log_.Lines(),
              AllOf(HasSubstr("event=ended kind=matmul slot=1"), HasSubstr("Simulated GPU, host")));

  other->Send(Samples());
  EXPECT_TRUE(other->Await().response->has_opening());
  EXPECT_TRUE(Run(kOtherDevice).ok());

  gpu_->Order({});  // it was put in again
  EXPECT_TRUE(Run(kDevice).ok());
}

TEST_F(GpuSessionTest, AnEccErrorFailsTheChallengeAndTheNextOneIsProved) {
  gpu_->Order({.kind = Kind::kEccError, .after_rounds = 1});
  const absl::Status failed = Run(kDevice);
  EXPECT_EQ(failed.code(), absl::StatusCode::kAborted) << failed;
  EXPECT_THAT(std::string(failed.message()), HasSubstr("cudaErrorECCUncorrectable"));
  gpu_->Order({});  // another process took over
  EXPECT_TRUE(Run(kDevice).ok());
}

TEST_F(GpuSessionTest, AGpuThatIsLostBeforeTheOpeningEndsTheStream) {
  gpu_->Order({.kind = Kind::kEccError, .in_open = true});
  const absl::Status failed = Run(kDevice);
  EXPECT_EQ(failed.code(), absl::StatusCode::kAborted) << failed;
  EXPECT_THAT(log_.Lines(), HasSubstr("cudaErrorECCUncorrectable"));
  gpu_->Order({});  // another process took over
  EXPECT_TRUE(Run(kDevice).ok());
}

TEST_F(GpuSessionTest, MemoryThatAnotherProcessHoldsIsNoFailureOfTheGpu) {
  gpu_->Order({.memory_is_taken = true});
  const absl::Status refused = Run(kDevice);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("free of 16777216"));
}

TEST_F(GpuSessionTest, AGpuThatHangsIsStoppedAtTheDeadlineAndServesAgain) {
  gpu_->Order({.kind = Kind::kHang, .after_rounds = 1});
  const auto stream = Open();
  ASSERT_FALSE(stream->Send(Challenge(kDevice)).end.has_value());
  EXPECT_EQ(stream->session().OnDeadline().end->code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(stream->Await().end.has_value());  // the worker's word comes too late
  EXPECT_EQ(gpu_->Use().works_alive, 0);
  EXPECT_LE(gpu_->Use().stops, 1);  // none when it was cancelled before it began
  gpu_->Order({});
  EXPECT_TRUE(Run(kDevice).ok());
}

}  // namespace
}  // namespace kaisar::provider
