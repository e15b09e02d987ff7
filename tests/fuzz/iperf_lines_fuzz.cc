// What kaisar-iperf reads and writes: no input may crash a parser, and what is accepted is within
// its limits, fits a line and is read again as it was.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "challenges/bandwidth/iperf_process.h"
#include "challenges/bandwidth/library_json.h"
#include "challenges/bandwidth/terms.h"

namespace kaisar::challenges {
namespace {

void CheckTask(const IperfTask& task) {
  KAISAR_CHECK(!task.ports.empty() && task.ports.size() <= 4'096);
  for (const std::uint32_t port : task.ports) KAISAR_CHECK(port <= 65'535);
  KAISAR_CHECK(task.seconds >= 1 && task.seconds <= 60);
  KAISAR_CHECK(task.streams >= 1 && task.streams <= 16);
  KAISAR_CHECK(task.start_ms >= 1 && task.limit_ms >= 1);
  KAISAR_CHECK(task.user.find_first_of(",\n") == std::string::npos);
  const std::string json = SerializeIperfTask(task);
  const auto again = ParseIperfTask(json);
  KAISAR_CHECK(again.ok() && SerializeIperfTask(*again) == json);
}

void CheckLines(const std::string& text) {
  if (const auto listening = ParseListening(text); listening.ok()) {
    KAISAR_CHECK(listening->port >= 1 && listening->port <= 65'535);
    KAISAR_CHECK(listening->rsa_public_key.size() <= kMostRsaPublicKeyBytes);
  }
  if (const auto outcome = ParseOutcome(text); outcome.ok()) {
    KAISAR_CHECK(outcome->line == text && text.size() <= kMostBandwidthResultBytes);
    KAISAR_CHECK(outcome->detail.find('\n') == std::string::npos);
  }
  const LibraryJson json = ReadLibraryJson(text);
  KAISAR_CHECK(json.line.find('\n') == std::string::npos);
  KAISAR_CHECK(json.error.find('\n') == std::string::npos);
}

}  // namespace
}  // namespace kaisar::challenges

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto task = kaisar::challenges::ParseIperfTask(text);
  if (task.ok()) {
    kaisar::challenges::CheckTask(*task);
  } else {
    KAISAR_CHECK(task.status().message().find('\n') == absl::string_view::npos);
  }
  kaisar::challenges::CheckLines(text);
  return 0;
}
