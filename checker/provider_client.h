#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "base/bytes.h"
#include "challenges/latency/pings.h"
#include "challenges/matmul/samples.h"
#include "kaisar/v1/log.pb.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// How one call ended, as the transport saw it. A bad end is a result, not an error.
struct CallEnd {
  v1::Transport transport = v1::TRANSPORT_UNSPECIFIED;
  std::string detail;            // for people, at most 512 bytes
  v1::Refusal refusal;           // only after DECLINED
  std::uint64_t elapsed_ms = 0;  // since the call was started, monotonic
};

struct LatencyAnswer {
  CallEnd end;
  v1::LatencyEvidence evidence;
};

struct LatencyCallSpec {
  v1::SignedChallenge challenge;
  std::vector<challenges::PingNonce> nonces;
  std::uint32_t spacing_ms = 0;
  std::uint32_t deadline_ms = 0;  // for the whole call
};

struct MatmulCallSpec {
  v1::SignedChallenge challenge;
  std::uint32_t connect_deadline_ms = 0;  // until the pings before the challenge are back
  std::uint32_t commitment_deadline_ms =
      0;  // the call goes on for `grace_ms` beyond it, so that a late
  std::uint32_t opening_deadline_ms = 0;  // commitment is told from none
  std::uint32_t grace_ms = 0;
  std::uint64_t most_answer_bytes = 0;  // larger messages are a VIOLATION
};

struct MatmulAnswer {
  CallEnd end;
  v1::MatmulEvidence evidence;
};

/// A matmul call under way.
///
/// Threads: all methods from any thread; none blocks.
class MatmulCall {
 public:
  /// Does not end the call.
  virtual ~MatmulCall() = default;
  /// Hands the samples to the stream; once, after the commitment.
  virtual void SendSamples(const std::vector<challenges::MatmulSample>& samples) = 0;
  /// Ends the call soon, as ABANDONED; `done` still comes.
  virtual void Cancel() = 0;
};

struct BandwidthCallSpec {
  v1::SignedChallenge challenge;
  Digest password{};
  std::uint32_t connect_deadline_ms = 0;
  std::uint32_t open_deadline_ms = 0;    // from sending the challenge until the first `opened`
  std::uint32_t result_deadline_ms = 0;  // from Measured: the device's result, and what follows it
};

/// The device listens for a test.
struct BandwidthOpening {
  v1::BandwidthOpened opened;  // as received, of sizes within limits, in the expected order
  std::string address;         // numeric: the one that this call is connected to
};

struct BandwidthAnswer {
  CallEnd end;
  std::vector<v1::BandwidthMeasured> measured;  // as received, DOWN then UP
  std::optional<v1::BandwidthTranscript> transcript;
};

/// A bandwidth call under way.
///
/// Threads: all methods from any thread; none blocks.
class BandwidthCall {
 public:
  /// Does not end the call.
  virtual ~BandwidthCall() = default;
  /// The checker's end of the opened test is over: the device owes its result now.
  virtual void Measured() = 0;
  /// Ends the call soon, as ABANDONED; `done` still comes.
  virtual void Cancel() = 0;
};

/// What a device's machine says of itself and of its devices.
struct DescribeAnswer {
  CallEnd end;
  std::string response;  // as received, whatever it is; empty unless the call completed
};

/// Calls devices. One real adapter (checker/grpc_client.h) and one fake (tests/support).
///
/// Threads: all methods from any thread; none blocks. Callbacks come on threads of the transport
/// and
///          must not block either.
class ProviderClient {
 public:
  virtual ~ProviderClient() = default;

  /// Runs one latency challenge; `done` comes exactly once.
  virtual void RunLatency(const v1::Device& device, LatencyCallSpec spec,
                          absl::AnyInvocable<void(LatencyAnswer)> done) = 0;

  /// Starts one matmul challenge: eight pings, the challenge, the commitment. `committed` comes at
  /// most once, with the times that the rate is computed from; then SendSamples is due. `done`
  /// comes exactly once, last.
  virtual std::shared_ptr<MatmulCall> StartMatmul(
      const v1::Device& device, MatmulCallSpec spec,
      absl::AnyInvocable<void(v1::CommitmentReceived)> committed,
      absl::AnyInvocable<void(MatmulAnswer)> done) = 0;

  /// Starts one bandwidth challenge. `opened` comes at most twice, DOWN then UP; after each the
  /// caller runs its end of the test and says Measured (or Cancel). `done` comes exactly once,
  /// last.
  virtual std::shared_ptr<BandwidthCall> StartBandwidth(
      const v1::Device& device, BandwidthCallSpec spec,
      absl::AnyInvocable<void(BandwidthOpening)> opened,
      absl::AnyInvocable<void(BandwidthAnswer)> done) = 0;

  /// Asks what the machine behind the device's endpoint says of its devices; `done` comes exactly
  /// once.
  virtual void Describe(const v1::Device& device, std::uint32_t deadline_ms,
                        absl::AnyInvocable<void(DescribeAnswer)> done) = 0;
};

}  // namespace kaisar::checker
