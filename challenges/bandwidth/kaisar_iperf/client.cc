#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/keys/rsa_key.h"
#include "challenges/bandwidth/kaisar_iperf/address.h"
#include "challenges/bandwidth/kaisar_iperf/calls.h"
#include "challenges/bandwidth/kaisar_iperf/ending.h"
#include "challenges/bandwidth/kaisar_iperf/library.h"
#include "challenges/bandwidth/kaisar_iperf/link.h"
#include "challenges/bandwidth/kaisar_iperf/roles.h"

namespace kaisar::challenges {
namespace {

using End = LibraryTest::End;
using State = IperfOutcome::State;

// Between attempts, while nobody listens or a stranger is served.
constexpr int kRetryMs = 150;

/// What the interface carries from here on.
class LinkMeter {
 public:
  explicit LinkMeter(const std::string& host)
      : interface_(InterfaceTo(host)), started_ns_(RealClock().MonotonicNs()) {
    if (interface_.ok()) before_ = ReadLinkCounters(*interface_);
  }

  /// JSON; empty when the counters cannot be read.
  std::string Read() const {
    const std::uint64_t elapsed_us = (RealClock().MonotonicNs() - started_ns_) / 1000;
    if (!interface_.ok() || !before_.ok()) return "";
    const absl::StatusOr<LinkCounters> after = ReadLinkCounters(*interface_);
    if (!after.ok()) return "";
    nlohmann::ordered_json json;
    json["interface"] = *interface_;
    json["out_bytes"] = after->out_bytes - before_->out_bytes;
    json["in_bytes"] = after->in_bytes - before_->in_bytes;
    json["elapsed_us"] = elapsed_us;
    return json.dump();
  }

 private:
  absl::StatusOr<std::string> interface_;
  absl::StatusOr<LinkCounters> before_ = absl::NotFoundError("no interface");
  std::uint64_t started_ns_;
};

/// A connected socket, which blocks; or -1 and errno.
int Connect(const SocketAddress& to) {
  const int descriptor = socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  if (connect(descriptor, to.get(), to.size) == 0) return descriptor;
  const int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

// The machine's own inability, whoever is at the other end.
bool IsOwnFault(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
         error == EADDRNOTAVAIL || error == EACCES || error == EPERM || error == EAFNOSUPPORT;
}

[[noreturn]] void EndTest(const LibraryTest& test, const LinkMeter& meter) {
  const IperfCounts link_only{.link = meter.Read(), .iperf = ""};
  switch (test.end) {
    case End::kCompleted:
      EndWith(State::kCompleted, "", {.link = link_only.link, .iperf = test.json});
    case End::kUnauthorized:
    case End::kBusy:
      EndWith(State::kDenied, test.detail, link_only);
    case End::kSilent:
      EndWith(State::kTimedOut, test.detail, link_only);
    case End::kOwnFault:
      EndWith(State::kUnable, test.detail, link_only);
    case End::kBroken:
      EndWith(State::kBroken, test.detail, link_only);
  }
  EndWith(State::kUnable, "unknown end");
}

/// Runs one attempt; returns when another may help, with a last line prepared.
void Attempt(const IperfTask& task, const TimeLeft& left, int connection,
             const std::string& where) {
  bool testing = false;
  PrepareLate(State::kTimedOut, where + " accepted the connection, then was silent");
  PrepareCrash(State::kBroken, "libiperf broke off while it spoke with " + where);
  const LinkMeter meter(task.host);
  // libiperf connects streams once the server has taken the credentials.
  OnNextConnect([&] {
    testing = true;
    PrepareLate(State::kTimedOut, "the test with " + where + " was under way at the time limit");
    SetDeadline(left.ms());
  });
  const LibraryTest test = RunLibraryClient(task, connection);
  OnNextConnect(nullptr);
  if (test.end == End::kBusy && !testing) {
    PrepareLate(State::kDenied, where + " is busy with another client");
  } else if (test.end == End::kBroken && !testing) {
    PrepareLate(State::kBroken, where + " broke off: " + test.detail);
  } else {
    EndTest(test, meter);
  }
}

}  // namespace

void RunClient(const IperfTask& task, const TimeLeft& left) {
  const std::uint16_t port = static_cast<std::uint16_t>(task.ports.front());
  const absl::StatusOr<SocketAddress> to = ParseSocketAddress(task.host, port);
  if (!to.ok()) EndWith(State::kUnable, std::string(to.status().message()));
  if (const absl::Status key = ValidateRsaPublicKey(task.rsa_public_key); !key.ok()) {
    EndWith(State::kBroken, absl::StrCat("the server's key: ", std::string(key.message())));
  }
  const std::string where = absl::StrCat(task.host, " port ", port);
  PrepareLate(State::kNoConnection, absl::StrCat("no connection to ", where, " within ",
                                                 task.start_ms, " ms: no answer"));
  SetDeadline(left.AtMost(task.start_ms));
  // Until the deadline, which ends the process.
  while (true) {
    const int connection = Connect(*to);
    const int error = errno;
    if (connection >= 0) {
      Attempt(task, left, connection, where);
    } else if (IsOwnFault(error)) {
      EndWith(State::kUnable, absl::StrCat("cannot connect to ", where, ": ", strerror(error)));
    } else {
      PrepareLate(State::kNoConnection, absl::StrCat("no connection to ", where, " within ",
                                                     task.start_ms, " ms: ", strerror(error)));
    }
    poll(nullptr, 0, kRetryMs);
  }
}

}  // namespace kaisar::challenges
