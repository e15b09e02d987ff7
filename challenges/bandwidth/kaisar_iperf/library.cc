// The only file that includes libiperf's header, which needs both names defined and <cstdint>.
#include <cstdint>
#define HAVE_STDINT_H 1
#define HAVE_SSL 1
#include <iperf_api.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "challenges/bandwidth/kaisar_iperf/calls.h"
#include "challenges/bandwidth/kaisar_iperf/library.h"
#include "challenges/bandwidth/library_json.h"
#include "challenges/bandwidth/terms.h"

namespace kaisar::challenges {
namespace {

using End = LibraryTest::End;

constexpr std::uint64_t kBlocksPerSecond = 100;
constexpr std::uint64_t kMostBlocksBytes = 1 << 20;  // of all streams: what the process may take

struct FreeTest {
  void operator()(iperf_test* test) const { iperf_free_test(test); }
};
using OwnedTest = std::unique_ptr<iperf_test, FreeTest>;

iperf_test* served = nullptr;  // while a server's test runs

std::string BufferTemplate(const std::string& folder) {
  return absl::StrCat(folder, "/kaisar-iperf.XXXXXX");
}

bool CanMakeFile(const std::string& folder) {
  std::string path = BufferTemplate(folder);
  const int descriptor = mkstemp(path.data());
  if (descriptor < 0) return false;
  unlink(path.c_str());
  close(descriptor);
  return true;
}

// libiperf keeps the buffer of each stream in a file, and would learn too late that it cannot. In a
// container whose files are read-only there is /dev/shm.
std::optional<std::string> BufferFolder() {
  const char* chosen = std::getenv("TMPDIR");
  if (chosen != nullptr && *chosen != '\0') {
    return CanMakeFile(chosen) ? std::optional<std::string>(chosen) : std::nullopt;
  }
  for (const char* folder : {"/tmp", "/dev/shm"}) {
    if (CanMakeFile(folder)) return folder;
  }
  return std::nullopt;
}

constexpr char kOutOfMemory[] = "out of memory";
constexpr char kNoBufferFolder[] =
    "cannot make a file in TMPDIR, or without it in /tmp or /dev/shm";

LibraryTest OwnFault(const std::string& detail) {
  return LibraryTest{End::kOwnFault, detail, ""};
}

OwnedTest NewTest(const std::string& buffer_folder) {
  i_errno = IENONE;
  OwnedTest test(iperf_new_test());
  if (test == nullptr || iperf_defaults(test.get()) < 0) return nullptr;
  iperf_set_test_template(test.get(), BufferTemplate(buffer_folder).c_str());
  iperf_set_test_json_output(test.get(), 1);
  // Only the sums at the end count, and a line must not grow with the seconds.
  iperf_set_test_stats_interval(test.get(), 0);
  iperf_set_test_reporter_interval(test.get(), 0);
  return test;
}

std::uint64_t BlockBytes(std::uint64_t stream_bits_per_second, std::uint64_t streams) {
  const std::uint64_t most = std::min(kMostBlockBytes, kMostBlocksBytes / streams);
  if (stream_bits_per_second == 0) return most;
  const std::uint64_t bytes = stream_bits_per_second / 8 / kBlocksPerSecond;
  return std::clamp(bytes / kLeastBlockBytes * kLeastBlockBytes, kLeastBlockBytes, most);
}

std::uint64_t RateOfEach(const IperfTask& task) {
  return (task.bits_per_second + task.streams - 1) / task.streams;
}

void SetTerms(iperf_test* test, const IperfTask& task) {
  const std::uint64_t each = RateOfEach(task);
  iperf_set_test_role(test, 'c');
  iperf_set_test_server_hostname(test, task.host.c_str());
  iperf_set_test_server_port(test, static_cast<int>(task.ports.front()));
  iperf_set_test_reverse(test, task.direction == v1::UP ? 1 : 0);
  iperf_set_test_omit(test, static_cast<int>(kUncountedSeconds));
  iperf_set_test_duration(test, static_cast<int>(task.seconds));
  iperf_set_test_num_streams(test, static_cast<int>(task.streams));
  iperf_set_test_rate(test, each);
  iperf_set_test_blksize(test, static_cast<int>(BlockBytes(each, task.streams)));
  iperf_set_test_client_username(test, task.user.c_str());
  iperf_set_test_client_password(test, task.password.c_str());
  iperf_set_test_client_rsa_pubkey(test, absl::Base64Escape(task.rsa_public_key).c_str());
}

End EndOf(int error) {
  switch (error) {
    case IEAUTHTEST:
      return End::kUnauthorized;
    case IEACCESSDENIED:
      return End::kBusy;
    case IENOMSG:
      return End::kSilent;
    default:
      return End::kBroken;
  }
}

// Neither the return value nor i_errno alone tells: in JSON mode libiperf returns 0 on failure.
LibraryTest Judge(iperf_test* test, int returned) {
  LibraryTest result;
  const char* text = iperf_get_test_json_output_string(test);
  const LibraryJson json = ReadLibraryJson(text == nullptr ? "" : text);
  if (returned == 0 && i_errno == IENONE && json.error.empty() && json.has_sums) {
    result.end = End::kCompleted;
    result.json = json.line;
    return result;
  }
  result.end = EndOf(i_errno);
  result.detail = !json.error.empty() ? json.error
                  : i_errno != IENONE ? iperf_strerror(i_errno)
                                      : "libiperf gave no result";
  return result;
}

}  // namespace

LibraryTest RunLibraryClient(const IperfTask& task, int control_connection) {
  const auto folder = BufferFolder();
  OwnedTest test = folder ? NewTest(*folder) : nullptr;
  if (test == nullptr) {
    close(control_connection);
    return OwnFault(folder ? kOutOfMemory : kNoBufferFolder);
  }
  SetTerms(test.get(), task);
  PaceConnections(RateOfEach(task));
  iperf_set_control_socket(test.get(), control_connection);
  const int returned = iperf_run_client(test.get());
  return Judge(test.get(), returned);
}

LibraryTest RunLibraryServer(const IperfTask& task, std::uint32_t port,
                             const ServerSecrets& secrets) {
  const auto folder = BufferFolder();
  if (!folder) return OwnFault(kNoBufferFolder);
  OwnedTest test = NewTest(*folder);
  if (test == nullptr) return OwnFault(kOutOfMemory);
  PaceConnections(RateOfEach(task));
  iperf_set_test_role(test.get(), 's');
  iperf_set_test_one_off(test.get(), 1);
  iperf_set_test_server_port(test.get(), static_cast<int>(port));
  iperf_set_test_server_rsa_privkey(test.get(),
                                    absl::Base64Escape(secrets.rsa_private_key_pem).c_str());
  iperf_set_test_server_authorized_users(test.get(), secrets.users_path.c_str());
  // The credentials serve once, so their age says nothing; and clocks are not what is measured.
  iperf_set_test_server_skew_threshold(test.get(), std::numeric_limits<int>::max());
  served = test.get();
  const int returned = iperf_run_server(test.get());
  served = nullptr;
  return Judge(test.get(), returned);
}

AskedTest AskedOfServer() {
  AskedTest asked;
  asked.tcp = iperf_get_test_protocol_id(served) == Ptcp;
  asked.reverse = iperf_get_test_reverse(served) != 0;
  asked.seconds = iperf_get_test_duration(served);
  asked.omitted_seconds = iperf_get_test_omit(served);
  asked.streams = iperf_get_test_num_streams(served);
  asked.stream_bits_per_second = iperf_get_test_rate(served);
  asked.block_bytes = iperf_get_test_blksize(served);
  asked.bytes = iperf_get_test_bytes(served);
  asked.blocks = iperf_get_test_blocks(served);
  asked.burst = iperf_get_test_burst(served);
  asked.window_bytes = iperf_get_test_socket_bufsize(served);
  asked.segment_bytes = iperf_get_test_mss(served);
  return asked;
}

}  // namespace kaisar::challenges
