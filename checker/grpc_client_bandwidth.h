#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "checker/grpc_client_stream.h"

namespace kaisar::checker {

/// One bandwidth challenge: challenge, then opened and measured for DOWN and for UP, transcript.
///
/// The device's end of a test may be over before the checker's: its result, and all that follows,
/// is taken when it comes, but the second opening is handed on only after Measured.
class GrpcBandwidthStream final : public GrpcStream {
 public:
  GrpcBandwidthStream(Services services, const v1::Device& device, BandwidthCallSpec spec,
                      absl::AnyInvocable<void(BandwidthOpening)> opened,
                      absl::AnyInvocable<void(BandwidthAnswer)> done);

  /// The checker's end of the test that was opened last is over; anything else has no effect.
  void Measured() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  /// What is waited for, and who has to act.
  enum class State {
    kConnecting,  // a connection
    kOpening,     // the device, to listen for the first test
    kTesting,     // the checker's end of a test
    kReporting,   // the device's result of that test
    kFollowing    // what comes after the result: the second opening, or the transcript
  };

  void OnStart() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnMessage(grpc::ByteBuffer message, std::uint64_t now_ns) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnWake(std::uint64_t now_ns) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnEnd(CallEnd end) override;

  void OnOpened(v1::BandwidthOpened opened) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnMeasured(v1::BandwidthMeasured measured) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnTranscript(v1::BandwidthTranscript transcript) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void HandOn(BandwidthOpening opening) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Await(State state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int tests_measured() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return static_cast<int>(answer_.measured.size());
  }

  const BandwidthCallSpec spec_;
  absl::AnyInvocable<void(BandwidthOpening)> opened_;
  absl::AnyInvocable<void(BandwidthAnswer)> done_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kConnecting;
  int tests_opened_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<BandwidthOpening> early_ ABSL_GUARDED_BY(mutex_);  // UP, before DOWN is over here
  BandwidthAnswer answer_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kaisar::checker
