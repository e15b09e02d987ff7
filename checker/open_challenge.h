#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/process_runner.h"
#include "challenges/judge.h"
#include "challenges/plan.h"
#include "checker/provider_client.h"
#include "kaisar/v1/log.pb.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// One reading of both clocks.
struct Instant {
  std::uint64_t wall_ms = 0;
  std::uint64_t monotonic_ns = 0;

  static Instant Now(const Clock& clock) { return {clock.WallMs(), clock.MonotonicNs()}; }
};

/// What only a bandwidth challenge has. Its tests are in the closing record.
struct OpenBandwidth {
  std::shared_ptr<BandwidthCall> call;
  std::string address;               // where the opened test listens, without its port
  bool testing = false;              // our end of a test is running …
  std::shared_ptr<Process> process;  // … as this
  std::optional<CallEnd> end;        // of a call that completed while our end was still running
};

/// A challenge between falling due and its durable verdict. Owned by the thread "dispatch", except
/// in `kClosing` before its verdict is there: then one job of the check pool has it.
struct OpenChallenge {
  enum class State {
    kWaiting,  // a matmul or bandwidth challenge whose turn has not come
    kIssuing,  // being written to the log
    kRunning,  // with the client
    kClosing,  // its end is known
  };

  std::uint32_t index = 0;  // in the plan
  challenges::PlannedChallenge planned;
  const v1::Device* device = nullptr;  // of the epoch's roster
  Digest id{};
  State state = State::kWaiting;
  bool holds_turn = false;      // of the Turns of its kind
  bool holds_endpoint = false;  // of EndpointCalendar
  Instant sent;
  v1::ChallengeIssued issued;  // when has_issued
  bool has_issued = false;
  v1::CommitmentReceived commitment;  // when has_commitment
  bool has_commitment = false;
  v1::ChallengeClosed closed;
  std::shared_ptr<MatmulCall> call;
  OpenBandwidth bandwidth;
  // Set when we ended the call ourselves, for something that the device sent or did not send.
  v1::Transport ended_by_us = v1::TRANSPORT_UNSPECIFIED;
  std::string why_ended;  // with ended_by_us; empty: as the call says
  challenges::Judgement judgement;
  std::uint64_t check_ns = 0;  // that it took
};

}  // namespace kaisar::checker
