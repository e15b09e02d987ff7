#pragma once

#include <cstdint>

namespace kaisar::checker {

/// How much a dispatcher has under way.
struct DispatchFigures {
  std::uint64_t open = 0;                 // challenges between due and closed
  std::uint64_t waiting = 0;              // matmul and bandwidth, due and without a turn yet
  std::uint64_t matmul_running = 0;       // that hold a turn
  std::uint64_t bandwidth_running = 0;    // that hold a turn
  std::uint64_t tests_waiting = 0;        // opened bandwidth tests
  std::uint64_t out_bits_per_second = 0;  // that running tests take of our connection
  std::uint64_t in_bits_per_second = 0;
  std::uint64_t checks_queued = 0;  // judgements that wait for a thread
  std::uint64_t log_pending = 0;    // records that are not durable
};

}  // namespace kaisar::checker
