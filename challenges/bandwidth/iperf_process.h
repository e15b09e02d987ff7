#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/process_runner.h"
#include "kaisar/v1/challenge.pb.h"

namespace kaisar::challenges {

/// One test of kaisar-iperf, of either role; its standard input is this as JSON.
struct IperfTask {
  enum class Role { kServer, kClient };
  Role role = Role::kServer;
  v1::Direction direction = v1::DIRECTION_UNSPECIFIED;  // client: DOWN sends, UP receives
  std::string host;                                     // client: where to, a numeric address
  std::vector<std::uint32_t> ports;  // client: one; server: the first of these that is free
  std::string user;                  // the challenge id in hex
  std::string password;              // D("iperf", challenge id) in hex
  std::string rsa_public_key;        // client: PEM
  std::string only_from;      // server: the numeric address that may connect; empty: any may try
  std::uint32_t seconds = 0;  // counted; one more goes before them
  std::uint32_t streams = 0;
  std::uint64_t bits_per_second = 0;  // this end sends at, over all streams; 0: as fast as it goes
  std::uint32_t start_ms = 0;  // until it is connected (client) or a client has authenticated
  std::uint32_t limit_ms = 0;  // for the whole process, which ends itself then
};

/// What a test came to. A bad one is a result, not an error.
struct IperfOutcome {
  enum class State {
    kCompleted,
    kNoConnection,  // client: nobody listens there
    kDenied,        // the other side refused: credentials, or busy with another client; server:
                    // its client asked for more than the task
    kBroken,        // the other side went away
    kTimedOut,      // the other side was silent, or did not come
    kUnable,        // this side's own fault: no free port, a bad task, a crash, a hang, garbage
  };
  State state = State::kUnable;
  std::string detail;  // for people, one line
  /// The process's last line, verbatim: `{"state": …, "detail": …, "link": {…}, "iperf": {…}}`;
  /// `iperf` is libiperf's own JSON. Empty when the process said nothing of the kind.
  std::string line;
};

/// A server that listens.
struct IperfListening {
  std::uint32_t port = 0;
  std::string rsa_public_key;  // PEM, made by the process for this test
};

std::string SerializeIperfTask(const IperfTask& task);
/// Errors: InvalidArgument with the key, its value and what was expected.
absl::StatusOr<IperfTask> ParseIperfTask(const std::string& json);

/// Lines of kaisar-iperf.
std::string SerializeListening(const IperfListening& listening);
/// Errors: InvalidArgument.
absl::StatusOr<IperfListening> ParseListening(const std::string& line);
/// Errors: InvalidArgument when it is no last line.
absl::StatusOr<IperfOutcome> ParseOutcome(const std::string& line);
const char* NameOf(IperfOutcome::State state);

/// Runs kaisar-iperf once. `listening` comes at most once, for a server, before `ended`; `ended`
/// comes exactly once, last, also when the process cannot be started (then on this thread). A last
/// line counts only when the process then exits with status 0; whatever else it does, hangs and
/// garbage included, is kUnable. Letting go of the result does not end the process.
///
/// Result:  null when it could not be started.
/// Threads: from any thread; does not block; callbacks as those of ProcessRunner.
std::shared_ptr<Process> RunIperf(ProcessRunner& runner, const std::string& executable,
                                  const IperfTask& task,
                                  absl::AnyInvocable<void(IperfListening)> listening,
                                  absl::AnyInvocable<void(IperfOutcome)> ended);

/// Where kaisar-iperf is: beside this program's own executable.
std::string DefaultIperfPath();

}  // namespace kaisar::challenges
