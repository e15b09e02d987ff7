#include "base/process_runner.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/process_child.h"
#include "base/status_macros.h"
#include "base/system_error.h"

namespace kaisar {
namespace {

// The thread looks up at least so often, which also keeps poll's argument in range.
constexpr std::uint64_t kMostWaitMs = 60'000;

// MFD_NOEXEC_SEAL of linux/memfd.h since Linux 6.3, which some systems insist on and older ones do
// not know.
constexpr unsigned kNoExecution = 8U;

/// SystemError, with what is used up told apart.
absl::Status DescriptorError(const std::string& what, const std::string& path) {
  const int error = errno;
  absl::Status status = SystemError(what, path);
  const bool used_up =
      error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOSPC || error == EAGAIN;
  return used_up ? absl::ResourceExhaustedError(status.message()) : status;
}

absl::Status ValidateExecutable(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return SystemError("execute", path);
  if (!S_ISREG(status.st_mode)) {
    return absl::PermissionDeniedError(absl::StrCat("cannot execute ", path, ": not a file"));
  }
  if (faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) != 0) {
    return SystemError("execute", path);
  }
  return absl::OkStatus();
}

/// All of the input in memory that is the process's to read, at its leisure or never: nothing is
/// left to write, and nobody waits.
absl::StatusOr<Descriptor> InputOf(const std::string& input, const std::string& path) {
  Descriptor memory(memfd_create("input", MFD_CLOEXEC | kNoExecution));
  if (!memory.is_open() && errno == EINVAL) {
    memory = Descriptor(memfd_create("input", MFD_CLOEXEC));
  }
  if (!memory.is_open()) return DescriptorError("hold the input of", path);
  for (std::size_t written = 0; written < input.size();) {
    const ssize_t count = write(memory.fd(), input.data() + written, input.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return DescriptorError("hold the input of", path);
    written += static_cast<std::size_t>(count);
  }
  if (lseek(memory.fd(), 0, SEEK_SET) != 0) return DescriptorError("hold the input of", path);
  return memory;
}

/// What the thread is to do next.
struct Requests {
  std::map<std::uint64_t, ProcessOrder> orders;  // by the number of the process
  std::vector<std::uint64_t> kills;
  bool end = false;
};

/// How others reach the thread.
class Mailbox {
 public:
  explicit Mailbox(Descriptor wake) : wake_(std::move(wake)) {}

  std::uint64_t AddOrder(ProcessOrder order) {
    MutexLock lock(mutex_);
    requests_.orders.emplace(++last_number_, std::move(order));
    Wake();
    return last_number_;
  }
  void AddKill(std::uint64_t number) {
    MutexLock lock(mutex_);
    requests_.kills.push_back(number);
    Wake();
  }
  void AskForEnd() {
    MutexLock lock(mutex_);
    requests_.end = true;
    Wake();
  }
  Requests Take() {
    MutexLock lock(mutex_);
    std::uint64_t count = 0;
    static_cast<void>(read(wake_.fd(), &count, sizeof(count)) > 0);
    return std::exchange(requests_, {});
  }
  int wake_fd() const { return wake_.fd(); }

 private:
  void Wake() {
    const std::uint64_t one = 1;
    static_cast<void>(write(wake_.fd(), &one, sizeof(one)) > 0);  // full: it is awake anyway
  }

  const Descriptor wake_;  // an eventfd; neither reading nor writing blocks
  Mutex mutex_;
  std::uint64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  Requests requests_ ABSL_GUARDED_BY(mutex_);
};

class StartedProcess final : public Process {
 public:
  StartedProcess(std::weak_ptr<Mailbox> mailbox, std::uint64_t number)
      : mailbox_(std::move(mailbox)), number_(number) {}

  void Kill() override {
    if (const std::shared_ptr<Mailbox> mailbox = mailbox_.lock()) mailbox->AddKill(number_);
  }

 private:
  const std::weak_ptr<Mailbox> mailbox_;  // without the runner there is nothing to kill
  const std::uint64_t number_;
};

class RealProcessRunner final : public ProcessRunner {
 public:
  explicit RealProcessRunner(Descriptor wake)
      : mailbox_(std::make_shared<Mailbox>(std::move(wake))), thread_([this] { Work(); }) {
    pthread_setname_np(thread_.native_handle(), "processes");
  }
  ~RealProcessRunner() override {
    mailbox_->AskForEnd();
    thread_.join();
  }

  absl::StatusOr<std::shared_ptr<Process>> Start(ProcessSpec spec, OnLine line,
                                                 OnEnd ended) override {
    KAISAR_CHECK(!spec.argv.empty());
    const std::string& path = spec.argv.front();
    RETURN_IF_ERROR(ValidateExecutable(path));
    ProcessOrder order;
    ASSIGN_OR_RETURN(order.input, InputOf(spec.input, path));
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) return DescriptorError("make a pipe for", path);
    order.lines = Descriptor(ends[0]);
    order.output = Descriptor(ends[1]);
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return DescriptorError("read from", path);
    spec.input.clear();
    order.spec = std::move(spec);
    order.line = std::move(line);
    order.ended = std::move(ended);
    return std::make_shared<StartedProcess>(mailbox_, mailbox_->AddOrder(std::move(order)));
  }

 private:
  void Work() {
    while (true) {
      Requests requests = mailbox_->Take();
      if (requests.end) break;
      for (auto& [number, order] : requests.orders) {
        ChildProcess child(std::move(order));
        if (child.Spawn(RealClock().MonotonicNs())) children_.emplace(number, std::move(child));
      }
      for (const std::uint64_t number : requests.kills) {
        const auto child = children_.find(number);
        if (child != children_.end()) child->second.Kill(ProcessEnd::Cause::kKilledOnDemand);
      }
      Serve(MostWaitMs());
    }
    for (auto& [number, child] : children_) child.Discard();
    children_.clear();
  }

  /// Kills who is late; tells how long there is until the next may be.
  std::uint64_t MostWaitMs() {
    const std::uint64_t now_ns = RealClock().MonotonicNs();
    std::uint64_t wait_ms = kMostWaitMs;
    for (auto& [number, child] : children_) {
      const std::optional<std::uint64_t> kill_at_ns = child.kill_at_ns();
      if (!kill_at_ns.has_value()) continue;
      if (*kill_at_ns <= now_ns) {
        child.Kill(ProcessEnd::Cause::kKilledLate);
      } else {
        wait_ms = std::min(wait_ms, (*kill_at_ns - now_ns) / 1'000'000 + 1);
      }
    }
    return wait_ms;
  }

  /// Waits until something happens, and sees to it.
  void Serve(std::uint64_t most_wait_ms) {
    std::vector<pollfd> fds = {{mailbox_->wake_fd(), POLLIN, 0}};
    for (const auto& [number, child] : children_) {
      fds.push_back({child.output_fd(), POLLIN, 0});  // poll passes over -1
      fds.push_back({child.exited_fd(), POLLIN, 0});
    }
    poll(fds.data(), fds.size(), static_cast<int>(most_wait_ms));
    std::size_t at = 1;
    for (auto child = children_.begin(); child != children_.end(); at += 2) {
      if (fds[at].revents != 0) child->second.ReadOutput();
      if (fds[at + 1].revents == 0) {
        ++child;
        continue;
      }
      child->second.Finish();
      child = children_.erase(child);
    }
  }

  const std::shared_ptr<Mailbox> mailbox_;
  std::map<std::uint64_t, ChildProcess> children_;  // of the thread
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ProcessRunner>> MakeProcessRunner() {
  // Whoever started us may have ignored SIGCHLD, which lasts and would reap what we wait for.
  struct sigaction action = {};
  if (sigaction(SIGCHLD, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
    signal(SIGCHLD, SIG_DFL);
  }
  Descriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.is_open()) return SystemError("make", "an eventfd for processes");
  return std::make_unique<RealProcessRunner>(std::move(wake));
}

}  // namespace kaisar
