#include "checker/grpc_client.h"

#include <grpc/support/log.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "checker/grpc_client_bandwidth.h"
#include "checker/grpc_client_channels.h"
#include "checker/grpc_client_describe.h"
#include "checker/grpc_client_latency.h"
#include "checker/grpc_client_matmul.h"
#include "checker/receive_limit.h"

namespace kaisar::checker {
namespace {

/// What the dispatcher holds of a call: the call may be over and gone.
class WeakMatmulCall : public MatmulCall {
 public:
  explicit WeakMatmulCall(std::weak_ptr<GrpcMatmulStream> stream) : stream_(std::move(stream)) {}

  void SendSamples(const std::vector<challenges::MatmulSample>& samples) override {
    if (const auto stream = stream_.lock()) stream->SendSamples(samples);
  }
  void Cancel() override {
    if (const auto stream = stream_.lock()) stream->Cancel();
  }

 private:
  const std::weak_ptr<GrpcMatmulStream> stream_;
};

class WeakBandwidthCall : public BandwidthCall {
 public:
  explicit WeakBandwidthCall(std::weak_ptr<GrpcBandwidthStream> stream)
      : stream_(std::move(stream)) {}

  void Measured() override {
    if (const auto stream = stream_.lock()) stream->Measured();
  }
  void Cancel() override {
    if (const auto stream = stream_.lock()) stream->Cancel();
  }

 private:
  const std::weak_ptr<GrpcBandwidthStream> stream_;
};

/// Every failed call carries in its detail what gRPC has to say about it. Its own lines are
/// dropped, so that no stranger writes to the operator's terminal; all but those of its own bugs.
void Log(gpr_log_func_args* line) {
  if (absl::StartsWith(line->message, "assertion failed")) {
    std::fprintf(stderr, "%s:%d: %s\n", line->file, line->line, line->message);
  }
}

}  // namespace

/// The channels, and which calls are under way.
class GrpcProviderClient::Calls {
 public:
  Calls(const GrpcClientOptions& options, const Clock& clock)
      : channels_(options), clock_(clock), limit_(clock) {}

  template <typename Stream, typename... Arguments>
  std::shared_ptr<Stream> Start(const v1::Device& device, Arguments&&... arguments) {
    const std::uint64_t number = Enter();
    std::shared_ptr<void> alive(this, [number](Calls* calls) { calls->Leave(number); });
    auto stream =
        std::make_shared<Stream>(GrpcStream::Services{channels_, limit_, clock_, std::move(alive)},
                                 device, std::forward<Arguments>(arguments)...);
    {
      MutexLock lock(mutex_);
      under_way_[number] = stream;
    }
    stream->Start();
    return stream;
  }

  /// Cancels all calls and waits until nothing of them is left.
  void End() ABSL_LOCKS_EXCLUDED(mutex_) {
    std::vector<std::weak_ptr<GrpcStream>> streams;
    {
      MutexLock lock(mutex_);
      for (const auto& [number, stream] : under_way_) streams.push_back(stream);
    }
    for (const std::weak_ptr<GrpcStream>& weak : streams) {
      if (const auto stream = weak.lock()) stream->Cancel();
    }
    MutexLock lock(mutex_);
    while (!under_way_.empty()) changed_.Wait(mutex_);
  }

 private:
  std::uint64_t Enter() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    under_way_[++number_];
    return number_;
  }
  void Leave(std::uint64_t number) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    under_way_.erase(number);
    changed_.SignalAll();  // under the lock: the waiter may destroy this as soon as it is let go
  }

  GrpcChannels channels_;
  const Clock& clock_;
  Mutex mutex_;
  CondVar changed_;
  std::uint64_t number_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, std::weak_ptr<GrpcStream>> under_way_ ABSL_GUARDED_BY(mutex_);
  ReceiveLimit limit_;  // last: its thread ends before the rest does
};

GrpcProviderClient::GrpcProviderClient(std::unique_ptr<Calls> calls) : calls_(std::move(calls)) {}

GrpcProviderClient::~GrpcProviderClient() {
  calls_->End();
}

absl::StatusOr<std::unique_ptr<GrpcProviderClient>> GrpcProviderClient::Make(
    GrpcClientOptions options, const Clock& clock) {
  RETURN_IF_ERROR(
      ParseTlsKey(absl::StrCat(options.tls.private_key_pem, options.tls.certificate_pem)).status());
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function(Log);
  return std::unique_ptr<GrpcProviderClient>(
      new GrpcProviderClient(std::make_unique<Calls>(options, clock)));
}

void GrpcProviderClient::RunLatency(const v1::Device& device, LatencyCallSpec spec,
                                    absl::AnyInvocable<void(LatencyAnswer)> done) {
  calls_->Start<GrpcLatencyStream>(device, std::move(spec), std::move(done));
}

std::shared_ptr<MatmulCall> GrpcProviderClient::StartMatmul(
    const v1::Device& device, MatmulCallSpec spec,
    absl::AnyInvocable<void(v1::CommitmentReceived)> committed,
    absl::AnyInvocable<void(MatmulAnswer)> done) {
  return std::make_shared<WeakMatmulCall>(calls_->Start<GrpcMatmulStream>(
      device, std::move(spec), std::move(committed), std::move(done)));
}

std::shared_ptr<BandwidthCall> GrpcProviderClient::StartBandwidth(
    const v1::Device& device, BandwidthCallSpec spec,
    absl::AnyInvocable<void(BandwidthOpening)> opened,
    absl::AnyInvocable<void(BandwidthAnswer)> done) {
  return std::make_shared<WeakBandwidthCall>(calls_->Start<GrpcBandwidthStream>(
      device, std::move(spec), std::move(opened), std::move(done)));
}

void GrpcProviderClient::Describe(const v1::Device& device, std::uint32_t deadline_ms,
                                  absl::AnyInvocable<void(DescribeAnswer)> done) {
  calls_->Start<GrpcDescribeStream>(device, deadline_ms, std::move(done));
}

}  // namespace kaisar::checker
