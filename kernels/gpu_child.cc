#include "kernels/gpu_child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/process_spawn.h"

namespace kaisar::kernels {
namespace {

constexpr int kLeaveMs = 1'000;

absl::Status CannotStart(const std::string& path, int error) {
  return absl::UnavailableError(absl::StrCat("starting ", path, " failed: ", std::strerror(error)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<GpuChild>> GpuChild::Start(const std::vector<std::string>& argv) {
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return CannotStart(argv.front(), errno);
  }
  Descriptor ours(ends[0]);
  const Descriptor theirs(ends[1]);
  const Descriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing.is_open()) return CannotStart(argv.front(), errno);
  SpawnedProcess spawned = SpawnProcess(argv, nothing.fd(), theirs.fd());
  if (spawned.error != 0) return CannotStart(argv.front(), spawned.error);
  return std::unique_ptr<GpuChild>(
      new GpuChild(spawned.process, std::move(spawned.exited), std::move(ours)));
}

GpuChild::~GpuChild() {
  socket_.Close();
  if (AwaitEnd(kLeaveMs)) return;
  Kill();
  AwaitEnd(kLeaveMs);
}

void GpuChild::Kill() {
  // Once it is reaped, its number may be another's.
  if (exited_.is_open()) kill(-process_, SIGKILL);
}

bool GpuChild::AwaitEnd(int wait_ms) {
  if (!exited_.is_open()) return true;
  pollfd waiting{exited_.fd(), POLLIN, 0};
  int ready = 0;
  do {
    ready = poll(&waiting, 1, wait_ms);
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return false;
  siginfo_t info = {};
  if (waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED) != 0) {
    end_ = "ended";  // and somebody else knows how
  } else if (info.si_code == CLD_EXITED) {
    end_ = absl::StrCat("exited with status ", info.si_status);
  } else {
    end_ = absl::StrCat("was ended by signal ", info.si_status);
  }
  exited_.Close();
  return true;
}

}  // namespace kaisar::kernels
