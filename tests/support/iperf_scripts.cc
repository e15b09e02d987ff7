#include "tests/support/iperf_scripts.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/check.h"
#include "nlohmann/json.hpp"

namespace kaisar::testing {
namespace {

std::string Sum(std::uint64_t bytes, std::uint64_t ms) {
  return absl::StrFormat(R"({"bytes":%d,"seconds":%d.%03d})", bytes, ms / 1000, ms % 1000);
}

}  // namespace

std::string OutcomeLine(challenges::IperfOutcome::State state, const std::string& detail,
                        const ScriptedCounts& counts) {
  std::string line = absl::StrFormat(R"({"state":"%s","detail":%s)", challenges::NameOf(state),
                                     nlohmann::json(detail).dump());
  if (counts.link_ms > 0) {
    absl::StrAppendFormat(&line, R"(,"link":{"out_bytes":%d,"in_bytes":%d,"elapsed_us":%d})",
                          counts.link_out_bytes, counts.link_in_bytes, counts.link_ms * 1000);
  }
  absl::StrAppend(&line, R"(,"iperf":{"end":{"sum_sent":)", Sum(counts.sent_bytes, counts.sent_ms),
                  R"(,"sum_received":)", Sum(counts.received_bytes, counts.received_ms), "}}}");
  return line;
}

ProcessScript ServerScript(std::uint32_t port, const std::string& rsa_public_key,
                           std::uint64_t ends_after_ms, const std::string& last_line) {
  challenges::IperfListening listening;
  listening.port = port;
  listening.rsa_public_key = rsa_public_key;
  ProcessScript script;
  script.lines = {{0, challenges::SerializeListening(listening)}, {ends_after_ms, last_line}};
  script.ends_after_ms = ends_after_ms;
  return script;
}

ProcessScript ClientScript(std::uint64_t ends_after_ms, const std::string& last_line) {
  ProcessScript script;
  script.lines = {{ends_after_ms, last_line}};
  script.ends_after_ms = ends_after_ms;
  return script;
}

ProcessScript CrashScript(std::uint64_t ends_after_ms, int signal) {
  ProcessScript script;
  script.ends_after_ms = ends_after_ms;
  script.end = {ProcessEnd::Cause::kSignaled, signal};
  return script;
}

challenges::IperfTask TaskOf(const ProcessSpec& spec) {
  absl::StatusOr<challenges::IperfTask> task = challenges::ParseIperfTask(spec.input);
  KAISAR_CHECK(task.ok());
  return *std::move(task);
}

FakeProcessRunner::Author ByTask(
    std::function<ProcessScript(const challenges::IperfTask& task)> author) {
  return [author = std::move(author)](const ProcessSpec& spec) { return author(TaskOf(spec)); };
}

}  // namespace kaisar::testing
