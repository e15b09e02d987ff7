#pragma once

#include <string>

#include "base/bytes.h"
#include "challenges/bandwidth/iperf_process.h"
#include "kaisar/v1/challenge.pb.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::checker {

/// What kaisar-iperf is to do at the checker's end of a test that a device has opened at `address`.
challenges::IperfTask OwnEndOf(const v1::SignedChallenge& challenge, const Digest& password,
                               const v1::BandwidthOpened& opened, const std::string& address);

/// What became of the whole call when the checker's end of a test ended like this: COMPLETED only
/// for kCompleted, ABANDONED when it was our own fault.
v1::Transport TransportOf(challenges::IperfOutcome::State state);

}  // namespace kaisar::checker
