#include <sys/mman.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/hex.h"
#include "base/keys/rsa_key.h"
#include "base/sha256.h"
#include "challenges/bandwidth/kaisar_iperf/calls.h"
#include "challenges/bandwidth/kaisar_iperf/ending.h"
#include "challenges/bandwidth/kaisar_iperf/entrance.h"
#include "challenges/bandwidth/kaisar_iperf/library.h"
#include "challenges/bandwidth/kaisar_iperf/roles.h"
#include "challenges/bandwidth/terms.h"

namespace kaisar::challenges {
namespace {

using End = LibraryTest::End;
using State = IperfOutcome::State;

// libiperf wants a path. The file is memory that nobody else can open by a name.
std::string MakeUsersFile(const IperfTask& task) {
  const std::string salted = absl::StrCat("{", task.user, "}", task.password);
  const std::string line = absl::StrCat(task.user, ",", ToHex(Sha256(ViewOf(salted))), "\n");
  const int file = memfd_create("users", MFD_CLOEXEC);
  if (file < 0 || write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    EndWith(State::kUnable, "cannot make a file in memory");
  }
  return absl::StrCat("/proc/self/fd/", file);
}

void PrepareForNobody(const IperfTask& task, std::uint32_t strangers, const std::string& last) {
  std::string detail = absl::StrCat("no client proved itself within ", task.start_ms, " ms");
  if (strangers > 0) absl::StrAppend(&detail, "; ", strangers, " tried, the last: ", last);
  PrepareLate(State::kTimedOut, detail);
  PrepareCrash(State::kUnable, "libiperf broke off before a client had proved itself");
}

// libiperf has told the client to connect its streams; the test starts when it has all of them.
void Admit(const IperfTask& task, const TimeLeft& left) {
  if (const absl::Status asked = ValidateAsked(AskedOfServer(), task); !asked.ok()) {
    EndWith(State::kDenied, std::string(asked.message()));
  }
  PrepareLate(State::kTimedOut, "the test was under way when the time was up");
  PrepareCrash(State::kBroken, "libiperf broke off during the test");
  SetDeadline(left.AtMost((kUncountedSeconds + task.seconds) * 1000 + kTestFinishMs));
}

void AdmitStream(std::uint32_t streams) {
  const std::int64_t asked = AskedOfServer().streams;
  if (streams <= asked) return;
  EndWith(State::kDenied, absl::StrCat("the client, which asked for ", asked,
                                       " streams, opened more, as for both directions at once"));
}

[[noreturn]] void EndTest(const LibraryTest& test) {
  switch (test.end) {
    case End::kCompleted:
      EndWith(State::kCompleted, "", {.link = "", .iperf = test.json});
    case End::kSilent:
      EndWith(State::kTimedOut, test.detail);
    case End::kOwnFault:
      EndWith(State::kUnable, test.detail);
    case End::kUnauthorized:
    case End::kBusy:
    case End::kBroken:
      EndWith(State::kBroken, test.detail);
  }
  EndWith(State::kUnable, "unknown end");
}

}  // namespace

void RunServer(const IperfTask& task, const TimeLeft& left) {
  const absl::StatusOr<RsaKeyPair> keys = MakeRsaKeyPair();
  if (!keys.ok()) EndWith(State::kUnable, std::string(keys.status().message()));
  const absl::StatusOr<std::unique_ptr<Entrance>> entrance =
      Entrance::Open(task.ports, task.only_from);
  if (!entrance.ok()) EndWith(State::kUnable, std::string(entrance.status().message()));
  const ServerSecrets secrets{keys->private_key_pem, MakeUsersFile(task)};
  WriteLine(SerializeListening({(*entrance)->port(), keys->public_key_pem}));

  PrepareForNobody(task, 0, "");
  SetDeadline(left.AtMost(task.start_ms));
  RouteCallsTo(entrance->get());
  for (std::uint32_t strangers = 1;; ++strangers) {
    (*entrance)->StartTest([&] { Admit(task, left); }, AdmitStream);
    const LibraryTest test = RunLibraryServer(task, (*entrance)->port(), secrets);
    if ((*entrance)->authenticated()) EndTest(test);
    if ((*entrance)->accepted() == 0) EndWith(State::kUnable, test.detail);
    PrepareForNobody(task, strangers, test.detail);
  }
}

}  // namespace kaisar::challenges
