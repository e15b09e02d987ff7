#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "challenges/matmul/samples.h"
#include "kaisar/v1/provider.pb.h"
#include "provider/session.h"

namespace kaisar::provider {

/// One stream of Provider.Matmul: pings → challenge → commitment → samples → opening.
///
/// Threads: one at a time; none of the methods blocks.
/// Cost:    OnRequest checks one signature (65 µs) when it takes a challenge; the rest is the
/// worker's.
class MatmulSession {
 public:
  using Request = v1::MatmulRequest;
  using Response = v1::MatmulResponse;

  /// `peer` is who the connection belongs to. `reply` gets what the worker has to say, on its
  /// thread; it must hand that to OnReply.
  MatmulSession(const Peer& peer, const SessionServices& services, MatmulJob::Reply reply);
  /// Drops work that is under way.
  ~MatmulSession() { Close(); }

  Step<Response> OnRequest(const Request& request);
  Step<Response> OnReply(absl::StatusOr<Response> reply);
  /// The stream has ended: drops work that is under way.
  void Close();

  /// False when the peer has sent all that the protocol asks of it, so that it may half-close.
  bool owes_messages() const { return state_ != State::kOpening && state_ != State::kEnded; }

  /// When something must have happened, by the monotonic clock, and what follows.
  std::uint64_t deadline_ns() const { return deadline_ns_; }
  Step<Response> OnDeadline();

 private:
  enum class State { kPings, kWorking, kCommitted, kOpening, kEnded };

  Step<Response> OnPing(const std::string& ping);
  Step<Response> OnChallenge(const v1::SignedChallenge& challenge);
  Step<Response> OnSamples(const v1::SampleRequest& request);
  Step<Response> End(absl::Status status);

  Peer peer_;  // its slot is the challenge's, once that has been found right
  const SessionServices& services_;
  MatmulJob::Reply reply_;
  State state_ = State::kPings;
  std::uint64_t deadline_ns_;
  std::uint32_t pings_ = 0;
  v1::MatmulParams params_;
  std::string challenge_id_;  // short, for the log
  std::shared_ptr<MatmulJob> job_;
};

}  // namespace kaisar::provider
