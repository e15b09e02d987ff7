#include "provider/matmul_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <sstream>
#include <utility>

#include "kernels/host_engine.h"
#include "spdlog/sinks/ostream_sink.h"
#include "spdlog/spdlog.h"
#include "tests/support/sample_provider.h"

namespace kaisar::provider {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// States of a device that is lost once they are committed to.
class LostStates final : public kernels::ProofStates {
 public:
  const std::vector<Digest>& roots() const override { return roots_; }
  absl::StatusOr<std::vector<kernels::OpenedNode>> Open(
      absl::Span<const kernels::StateNode>) const override {
    return absl::UnavailableError("lost while it opened");
  }

 private:
  const std::vector<Digest> roots_{Filled(1), Filled(2)};
};

/// Gives what the test says; works like the plain engine when it says nothing.
class ScriptedEngine final : public kernels::MatmulEngine {
 public:
  explicit ScriptedEngine(const absl::Status& status, const bool& opens)
      : status_(status), opens_(opens), plain_(kernels::MakePlainEngine()) {}
  absl::StatusOr<std::unique_ptr<kernels::ProofStates>> Prove(
      const Digest& seed, std::uint32_t n, std::uint32_t rounds,
      const std::function<bool()>& cancelled) override {
    if (!status_.ok()) return status_;
    if (!opens_) return std::make_unique<LostStates>();
    return plain_->Prove(seed, n, rounds, cancelled);
  }
  std::string Description() const override { return "scripted"; }

 private:
  const absl::Status& status_;
  const bool& opens_;
  const std::unique_ptr<kernels::MatmulEngine> plain_;
};

class MatmulWorkerTest : public ::testing::Test {
 protected:
  MatmulWorkerTest() {
    auto logger = std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_));
    logger->set_pattern("%l %v");
    before_ = spdlog::default_logger();
    spdlog::set_default_logger(std::move(logger));
  }
  ~MatmulWorkerTest() override { spdlog::set_default_logger(before_); }

  /// The status that a challenge ends with, from a worker that has done with it.
  absl::Status Run() {
    Decision decision =
        admission_.Decide(peer_, v1::MATMUL, SignedSample(clock_, v1::MATMUL, 1, ++number_));
    std::promise<absl::Status> ended;
    const auto job = worker_.Start(std::move(std::get<Taken>(decision)),
                                   SignedSample(clock_, v1::MATMUL, 1, number_),
                                   [&](absl::StatusOr<v1::MatmulResponse> reply) {
                                     if (reply.ok() && reply->has_commitment()) {
                                       committed_.set_value();
                                     } else {
                                       ended.set_value(reply.status());
                                     }
                                   });
    if (status_.ok()) {
      committed_.get_future().get();
      job->SendSamples({{0, 1, 2}, {1, 3, 4}, {1, 5, 6}});
    }
    const absl::Status status = ended.get_future().get();
    committed_ = {};
    return status;
  }
  std::string TakeLog() {
    std::string lines = log_.str();
    log_.str("");
    return lines;
  }

  std::ostringstream log_;
  std::shared_ptr<spdlog::logger> before_;
  FakeClock clock_;
  const Peer peer_{SampleSlot(1).tls_pin, 1};
  Admission admission_{
      kDomain, {SampleSlot(1)}, {{kDevice, kStateMemoryBytes}}, SampleLimits(), clock_};
  std::uint8_t number_ = 0;
  absl::Status status_;
  bool opens_ = true;
  std::promise<void> committed_;
  MatmulWorker worker_{
      Device{kDevice, "l4", KeyOf(0x77), std::make_unique<ScriptedEngine>(status_, opens_)},
      kDomain};
};

TEST_F(MatmulWorkerTest, SaysOnceThatItsGpuIsLostAndOnceThatItIsBack) {
  EXPECT_TRUE(Run().ok());
  EXPECT_EQ(worker_.trouble(), "");
  EXPECT_EQ(TakeLog(), "");

  status_ = absl::UnavailableError("round: cudaErrorECCUncorrectable\n");
  EXPECT_EQ(Run().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(worker_.trouble(), "round: cudaErrorECCUncorrectable?");
  const std::string lost = TakeLog();
  EXPECT_THAT(lost, HasSubstr("warning event=gpu_lost device=17 reason=\"round: cudaErrorECC"));
  status_ = absl::UnavailableError("reset: cudaErrorNoDevice");
  EXPECT_EQ(Run().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(worker_.trouble(), "reset: cudaErrorNoDevice");
  EXPECT_EQ(TakeLog(), "");

  status_ = absl::OkStatus();
  clock_.AdvanceMs(60'000);  // the rate allows no more at once
  EXPECT_TRUE(Run().ok());
  EXPECT_EQ(worker_.trouble(), "");
  EXPECT_EQ(TakeLog(), "info event=gpu_back device=17\n");
}

TEST_F(MatmulWorkerTest, TakesAGpuForLostThatCannotOpenWhatItCommittedTo) {
  opens_ = false;
  EXPECT_EQ(Run().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(worker_.trouble(), "lost while it opened");
  EXPECT_THAT(TakeLog(), HasSubstr("event=gpu_lost"));
  opens_ = true;
  EXPECT_TRUE(Run().ok());
  EXPECT_EQ(worker_.trouble(), "");
}

TEST_F(MatmulWorkerTest, DoesNotTakeTooLittleMemoryForALostGpu) {
  status_ = absl::ResourceExhaustedError("a proof takes 2 bytes, 1 is free");
  EXPECT_EQ(Run().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(worker_.trouble(), "");
  EXPECT_THAT(TakeLog(), Not(HasSubstr("gpu_lost")));
}

}  // namespace
}  // namespace kaisar::provider
