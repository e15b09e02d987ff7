#pragma once

#include <cstdint>

#include "base/sha256.h"
#include "kaisar/v1/provider.pb.h"
#include "provider/session.h"

namespace kaisar::provider {

/// One stream of Provider.Latency: challenge → accepted → nonce/echo, … → finish → transcript.
///
/// Threads: one at a time; none of the methods blocks.
/// Cost:    one signature check (65 µs) for the challenge and one signature (45 µs) at the end.
class LatencySession {
 public:
  using Request = v1::LatencyRequest;
  using Response = v1::LatencyResponse;

  /// `peer` is who the connection belongs to.
  LatencySession(const Peer& peer, const SessionServices& services);

  Step<Response> OnRequest(const Request& request);
  /// The stream has ended.
  void Close() { state_ = State::kEnded; }

  /// False when the peer has sent all that the protocol asks of it, so that it may half-close.
  bool owes_messages() const { return state_ != State::kEnded; }

  /// When something must have happened, by the monotonic clock, and what follows.
  std::uint64_t deadline_ns() const { return deadline_ns_; }
  Step<Response> OnDeadline();

 private:
  enum class State { kChallenge, kNonces, kEnded };

  Step<Response> OnChallenge(const v1::SignedChallenge& challenge);
  Step<Response> OnNonce(const std::string& nonce);
  Step<Response> OnFinish();
  Step<Response> End(absl::Status status);
  void Rest(std::uint64_t ms);

  Peer peer_;  // its slot is the challenge's, once that has been found right
  const SessionServices& services_;
  State state_ = State::kChallenge;
  std::uint64_t deadline_ns_;
  std::uint64_t expiry_ns_ = 0;
  v1::LatencyParams params_;
  Taken taken_;
  std::uint32_t echoed_ = 0;
  Sha256Hasher nonces_;
};

}  // namespace kaisar::provider
