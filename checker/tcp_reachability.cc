#include "checker/tcp_reachability.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/endpoint.h"

namespace kaisar::checker {
namespace {

/// A connect under way; -1 when there is no descriptor or the system refuses at once.
int StartConnect(SocketAddress address, std::uint16_t port, bool& tried) {
  const int family = address.storage.ss_family;
  const int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  tried = true;
  if (family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = htons(port);
  }
  const auto* generic = reinterpret_cast<const sockaddr*>(&address.storage);
  if (connect(descriptor, generic, address.size) == 0 || errno == EINPROGRESS) return descriptor;
  close(descriptor);
  return -1;
}

bool Accepted(int descriptor) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TcpReachability>> TcpReachability::Make(const Clock& clock) {
  const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0) {
    return absl::InternalError(absl::StrCat("make an event descriptor: ", std::strerror(errno)));
  }
  return std::unique_ptr<TcpReachability>(new TcpReachability(clock, descriptor));
}

TcpReachability::Descriptor::~Descriptor() {
  close(number);
}

TcpReachability::TcpReachability(const Clock& clock, int wake_descriptor)
    : clock_(clock),
      wake_(wake_descriptor),
      names_(clock, [this] { Signal(); }),
      thread_([this] { Run(); }) {}

TcpReachability::~TcpReachability() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  Signal();
  thread_.join();
}

void TcpReachability::Signal() {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the thread wakes anyway.
  [[maybe_unused]] const ssize_t written = write(wake_.number, &one, sizeof one);
}

void TcpReachability::Probe(std::vector<std::string> endpoints, unsigned deadline_ms,
                            absl::AnyInvocable<void(ReachabilityResult)> done) {
  Batch batch;
  batch.deadline_ns = clock_.MonotonicNs() + std::uint64_t{deadline_ms} * 1'000'000;
  batch.done = std::move(done);
  for (const std::string& text : endpoints) {
    const auto endpoint = ParseEndpoint(text);
    if (!endpoint.ok()) continue;  // rosters and configs are checked before
    Target& target = batch.targets.emplace_back();
    target.host = endpoint->host;
    target.port = endpoint->port;
  }
  {
    MutexLock lock(mutex_);
    incoming_.push_back(std::move(batch));
  }
  Signal();
}

bool TcpReachability::TakeNew() {
  MutexLock lock(mutex_);
  for (Batch& batch : incoming_) batches_.push_back(std::move(batch));
  incoming_.clear();
  return !ending_;
}

void TcpReachability::Connect(Target& target) {
  const NameCache::Answer answer = names_.Find(target.host);
  target.waiting = answer.pending;
  for (const SocketAddress& address : answer.addresses) {
    const int descriptor = StartConnect(address, target.port, target.tried);
    if (descriptor >= 0) target.sockets.push_back(descriptor);
  }
  // A name that cannot be resolved was tried, too.
  if (!target.waiting && answer.addresses.empty()) target.tried = true;
}

bool TcpReachability::Settled(const Batch& batch) const {
  return clock_.MonotonicNs() >= batch.deadline_ns ||
         std::all_of(batch.targets.begin(), batch.targets.end(), [](const Target& target) {
           return target.reached || (!target.waiting && target.sockets.empty());
         });
}

void TcpReachability::CloseAll(Target& target) {
  for (const int descriptor : target.sockets) close(descriptor);
  target.sockets.clear();
}

void TcpReachability::Finish(Batch& batch) {
  ReachabilityResult result;
  for (Target& target : batch.targets) {
    CloseAll(target);
    if (target.tried || target.waiting) ++result.tried;
    if (target.reached) ++result.reached;
  }
  std::exchange(batch.done, nullptr)(result);
}

void TcpReachability::Await() {
  std::vector<pollfd> polled = {{wake_.number, POLLIN, 0}};
  std::vector<Target*> targets = {nullptr};
  std::uint64_t until_ns = UINT64_MAX;
  for (Batch& batch : batches_) {
    until_ns = std::min(until_ns, batch.deadline_ns);
    for (Target& target : batch.targets) {
      for (const int descriptor : target.sockets) {
        polled.push_back({descriptor, POLLOUT, 0});
        targets.push_back(&target);
      }
    }
  }
  int timeout_ms = -1;
  if (until_ns != UINT64_MAX) {
    const std::uint64_t now_ns = clock_.MonotonicNs();
    // Rounded up, or the last millisecond would be spent spinning.
    timeout_ms = until_ns <= now_ns ? 0 : static_cast<int>((until_ns - now_ns) / 1'000'000 + 1);
  }
  if (poll(polled.data(), polled.size(), timeout_ms) <= 0) return;
  std::uint64_t count = 0;
  if (polled[0].revents != 0) {
    [[maybe_unused]] const ssize_t got = read(wake_.number, &count, sizeof count);
  }
  for (std::size_t i = 1; i < polled.size(); ++i) {
    if (polled[i].revents == 0) continue;
    Target& target = *targets[i];
    const auto socket = std::find(target.sockets.begin(), target.sockets.end(), polled[i].fd);
    if (socket == target.sockets.end()) continue;  // closed with its target in this round
    if (Accepted(polled[i].fd)) {
      target.reached = true;
      CloseAll(target);
    } else {
      close(polled[i].fd);
      target.sockets.erase(socket);
    }
  }
}

void TcpReachability::Run() {
  while (TakeNew()) {
    for (Batch& batch : batches_) {
      for (Target& target : batch.targets) {
        if (target.waiting) Connect(target);
      }
    }
    for (auto batch = batches_.begin(); batch != batches_.end();) {
      if (!Settled(*batch)) {
        ++batch;
        continue;
      }
      Finish(*batch);
      batch = batches_.erase(batch);
    }
    Await();
  }
  for (Batch& batch : batches_) Finish(batch);
}

}  // namespace kaisar::checker
