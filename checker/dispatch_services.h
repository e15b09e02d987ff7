#pragma once

#include <cstdint>
#include <string>

#include "audit/log_writer.h"
#include "base/clock.h"
#include "base/process_runner.h"
#include "base/signing_key.h"
#include "checker/check_pool.h"
#include "checker/line_budget.h"
#include "checker/provider_client.h"
#include "checker/reachability.h"

namespace kaisar::checker {

/// How much a checker takes on at once.
struct DispatchLimits {
  std::uint32_t most_open = 20'000;  // challenges between due and closed
  std::uint32_t most_matmul_in_flight = 64;
  std::uint32_t most_log_pending = 2'000;     // records, before missed challenges are closed slower
  std::uint32_t connect_deadline_ms = 5'000;  // of a matmul call, pings included; of bandwidth
  std::uint32_t commitment_grace_ms = 2'000;  // beyond the deadline, to tell a late one from none
  std::uint32_t stop_ms = 2'000;              // for what is open when asked to stop
  LineCapacity line;                          // with 0 no bandwidth test can run
};

/// What the dispatcher works with; all of it must outlive the dispatcher.
struct DispatchServices {
  const Clock& clock;
  ProviderClient& client;
  ReachabilityProber& prober;
  CheckPool& checks;
  audit::LogWriter& log;
  const SigningKey& key;
  ProcessRunner& processes;
  const std::string& iperf;  // path of kaisar-iperf
};

}  // namespace kaisar::checker
