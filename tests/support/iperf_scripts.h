#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "challenges/bandwidth/iperf_process.h"
#include "tests/support/fake_process_runner.h"

namespace kaisar::testing {

/// What the end of a test counted; written the way kaisar-iperf writes it.
struct ScriptedCounts {
  std::uint64_t sent_bytes = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_ms = 0;
  std::uint64_t received_ms = 0;
  std::uint64_t link_out_bytes = 0;
  std::uint64_t link_in_bytes = 0;
  std::uint64_t link_ms = 0;  // 0: no link
};

/// A last line: both sums in full, and nothing else of libiperf's.
std::string OutcomeLine(challenges::IperfOutcome::State state, const std::string& detail,
                        const ScriptedCounts& counts = {});

/// A server that listens at once and gives its result `ends_after_ms` after its start.
ProcessScript ServerScript(std::uint32_t port, const std::string& rsa_public_key,
                           std::uint64_t ends_after_ms, const std::string& last_line);
/// A client, which only gives its result.
ProcessScript ClientScript(std::uint64_t ends_after_ms, const std::string& last_line);
/// Dies of `signal`, without a word.
ProcessScript CrashScript(std::uint64_t ends_after_ms, int signal);

/// The task that a process was given. Aborts when it was given none.
challenges::IperfTask TaskOf(const ProcessSpec& spec);
/// An author who goes by the task: role, direction, rate.
FakeProcessRunner::Author ByTask(
    std::function<ProcessScript(const challenges::IperfTask& task)> author);

}  // namespace kaisar::testing
