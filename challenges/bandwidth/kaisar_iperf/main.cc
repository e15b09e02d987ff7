// One bandwidth test with libiperf in a process of its own: see kUsage.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "challenges/bandwidth/iperf_process.h"
#include "challenges/bandwidth/kaisar_iperf/ending.h"
#include "challenges/bandwidth/kaisar_iperf/roles.h"

namespace kaisar::challenges {
namespace {

constexpr char kUsage[] = R"(usage: kaisar-iperf 3>LINES <TASK
       kaisar-iperf --version

Runs one bandwidth test with libiperf, as the server (a device) or the client (a checker), and ends.
kaisar-checker and kaisar-provider start it; by hand it is for trying things out.

TASK, on standard input, is one JSON object:
  role              server or client
  direction         down (the client sends) or up (it receives); a server may leave it out
  host              client: the server's numeric address
  ports             client: one; server: the first of these that is free, 0 for any
  user, password    what the client proves itself with, 1 to 64 letters and digits each
  rsa_public_key    client: the server's key, PEM, as the server's first line says it
  only_from         server: the numeric address that may connect; absent: any
  seconds           1 to 60, counted; one more goes before them
  streams           1 to 16 TCP connections
  bits_per_second   this end sends at, over all streams; 0: as fast as it goes
  start_ms          until it is connected (client), or a client has proved itself (server)
  limit_ms          for the whole process

LINES, on descriptor 3, are JSON. A server first says where it listens:
  {"listening":{"port":5201,"rsa_public_key":"-----BEGIN PUBLIC KEY-----\n..."}}
Both end with one line and exit status 0, whatever happened:
  {"state":"completed","detail":"","link":{...},"iperf":{...}}
state is completed, no_connection, denied, broken, timed_out or unable; a server denies a client
that asks for more than its task, a client is denied by a server. link, of a client, is what
the interface carried meanwhile; iperf is libiperf's own result, as of iperf3 --json.
A wrong task is one line on standard error and exit status 2.

example, two terminals on one machine:
  kaisar-iperf 3>&1 <<'END'
  {"role":"server","ports":[5201],"user":"u","password":"p","seconds":2,"streams":1,
   "bits_per_second":0,"start_ms":60000,"limit_ms":90000}
  END
  kaisar-iperf 3>&1 <<'END'
  {"role":"client","direction":"down","host":"127.0.0.1","ports":[5201],"user":"u","password":"p",
   "rsa_public_key":"...","seconds":2,"streams":1,"bits_per_second":100000000,"start_ms":5000,
   "limit_ms":20000}
  END
The stock tool does for a client, too, if it asks for no more than the server's task:
IPERF3_PASSWORD=p iperf3 -c 127.0.0.1 -p 5201 --username u --rsa-public-key-path FILE -t 2 -O 1
)";

constexpr std::size_t kMostTaskBytes = 65'536;
// A test has a listener and, for each of 16 streams, a connection and a file; others wait. Far
// below 1024, which libiperf's select() cannot go beyond.
constexpr rlim_t kMostDescriptors = 128;
// libiperf believes lengths that the other side sends. A test takes about 30 MiB of address space.
constexpr rlim_t kMostAddressSpaceBytes = 256 << 20;
// The largest file is the buffer of a stream, 128 KiB here; the other side may ask for more.
constexpr rlim_t kMostFileBytes = 1 << 20;

int Refuse(const std::string& why) {
  std::fprintf(stderr, "kaisar-iperf: %s\n", why.c_str());
  return 2;
}

void Limit(decltype(RLIMIT_CORE) resource, rlim_t most) {
  rlimit limit{};
  getrlimit(resource, &limit);
  limit.rlim_max = std::min(limit.rlim_max, most);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(resource, &limit);
}

/// Whoever started this process is gone: nobody reads its lines.
bool IsOrphan() {
  pollfd lines{kProcessOutput, 0, 0};
  return poll(&lines, 1, 0) == 1 && (lines.revents & POLLERR) != 0;
}

void LimitProcess() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (IsOrphan()) _exit(1);  // it died before the line above
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_NOFILE, kMostDescriptors);
  Limit(RLIMIT_AS, kMostAddressSpaceBytes);
  Limit(RLIMIT_FSIZE, kMostFileBytes);
}

/// libiperf prints what concerns nobody, some of it at a stranger's will.
void SilencePrints() {
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nowhere < 0) return;
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    dup2(nowhere, descriptor);
  }
  close(nowhere);
}

std::string ReadTask() {
  std::string text;
  char part[4096];
  while (text.size() <= kMostTaskBytes) {
    const ssize_t got = read(STDIN_FILENO, part, sizeof(part));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(part, static_cast<std::size_t>(got));
  }
  return text;
}

int Main(int argc, char** argv) {
  if (argc == 2 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0)) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (argc == 2 && std::strcmp(argv[1], "--version") == 0) {
    // Where whoever started it with descriptors as for a test listens.
    const bool is_started = fcntl(kProcessOutput, F_GETFD) >= 0;
    dprintf(is_started ? kProcessOutput : STDOUT_FILENO, "kaisar-iperf %s\n", KAISAR_VERSION);
    return 0;
  }
  if (argc > 1) return Refuse(absl::StrCat("unknown argument ", argv[1], "; see --help"));
  if (isatty(STDIN_FILENO) == 1) return Refuse("the task comes on standard input; see --help");
  if (fcntl(kProcessOutput, F_GETFD) < 0) {
    return Refuse("descriptor 3 is not open, add 3>&1; see --help");
  }
  LimitProcess();
  const absl::StatusOr<IperfTask> task = ParseIperfTask(ReadTask());
  if (!task.ok()) return Refuse(absl::StrCat(std::string(task.status().message()), "; see --help"));
  StartEnding();
  const TimeLeft left(task->limit_ms);
  SetDeadline(left.ms());
  // Before descriptors are counted on: the log file of libiperf would be one more.
  SilencePrints();
  if (task->role == IperfTask::Role::kServer) RunServer(*task, left);
  RunClient(*task, left);
}

}  // namespace

TimeLeft::TimeLeft(std::uint64_t limit_ms)
    : end_ns_(RealClock().MonotonicNs() + limit_ms * 1'000'000) {}

std::uint64_t TimeLeft::ms() const {
  const std::uint64_t now_ns = RealClock().MonotonicNs();
  return now_ns >= end_ns_ ? 1 : std::max<std::uint64_t>(1, (end_ns_ - now_ns) / 1'000'000);
}

std::uint64_t TimeLeft::AtMost(std::uint64_t most_ms) const {
  return std::min(ms(), most_ms);
}

}  // namespace kaisar::challenges

int main(int argc, char** argv) {
  return kaisar::challenges::Main(argc, argv);
}
