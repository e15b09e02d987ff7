#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "kaisar/v1/provider.pb.h"
#include "provider/admission.h"
#include "provider/bandwidth_tests.h"
#include "provider/session.h"

namespace kaisar::provider {

/// One stream of Provider.Bandwidth: challenge → its turn → opened (DOWN) → measured → opened (UP)
/// → measured → transcript → end. The peer sends nothing after the challenge. A challenge whose
/// turn does not come within three quarters of what it lets the device wait is refused, so that the
/// refusal, and the evidence in it, arrives before the checker has given up.
///
/// Threads: one at a time; none of the methods blocks.
/// Cost:    OnRequest checks one signature (65 µs) and may start a process.
class BandwidthSession {
 public:
  using Request = v1::BandwidthRequest;
  using Response = v1::BandwidthResponse;

  /// `peer` is who the connection belongs to. `reply` gets what there is to say of the tests, on
  /// another thread; it must hand that to OnReply.
  BandwidthSession(const Peer& peer, const SessionServices& services, BandwidthJob::Reply reply);
  /// Ends a test that is under way.
  ~BandwidthSession() { Close(); }

  Step<Response> OnRequest(const Request& request);
  Step<Response> OnReply(BandwidthNews news);
  /// The stream has ended: gives up its turn, or its place among those that wait.
  void Close();

  /// False when the peer has sent all that the protocol asks of it, so that it may half-close.
  bool owes_messages() const { return state_ == State::kChallenge; }

  /// When something must have happened, by the monotonic clock, and what follows.
  std::uint64_t deadline_ns() const { return deadline_ns_; }
  Step<Response> OnDeadline();

 private:
  enum class State { kChallenge, kWaiting, kOpening, kTesting, kEnded };

  Step<Response> OnNews(v1::BandwidthOpened opened);
  Step<Response> OnNews(v1::BandwidthMeasured measured);
  Step<Response> OnNews(BandwidthTested tested);
  Step<Response> OnNews(v1::Refusal refusal);
  Step<Response> OnNews(absl::Status status);
  Step<Response> End(absl::Status status);

  Peer peer_;  // its slot is the challenge's, once that has been found right
  const SessionServices& services_;
  BandwidthJob::Reply reply_;
  State state_ = State::kChallenge;
  std::uint64_t deadline_ns_;
  std::uint64_t open_deadline_ns_ = 0;
  std::uint64_t expires_at_ms_ = 0;
  std::string challenge_id_;  // short, for the log
  std::uint32_t device_ = 0;
  Taken taken_;
  BandwidthTests::Job job_;
  std::string down_result_;
  std::string up_result_;
};

}  // namespace kaisar::provider
