#include "checker/receive_limit.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "absl/strings/str_cat.h"

namespace kaisar::checker {
namespace {

constexpr std::chrono::milliseconds kPeriod(50);
// A look costs some microseconds a connection; with thousands of them the next one comes later, so
// that looking takes a fortieth of a core at most.
constexpr std::uint64_t kRestPerLook = 40;
// An account only grows while it lasts, so it does not last.
constexpr std::uint64_t kAccountNs = 30'000'000'000;

}  // namespace

ReceiveLimit::ReceiveLimit(const Clock& clock) : clock_(clock), thread_([this] { Run(); }) {}

ReceiveLimit::~ReceiveLimit() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  changed_.SignalAll();
  thread_.join();
}

std::uint64_t ReceiveLimit::Enter(std::string peer, std::uint32_t device, std::uint64_t most_bytes,
                                  Exceeded exceeded) {
  MutexLock lock(mutex_);
  Account& account = accounts_[peer];
  if (account.calls.empty()) account.since_ns = clock_.MonotonicNs();
  account.most_bytes[device] += most_bytes;
  account.calls.insert(++number_);
  calls_[number_] = Call{std::move(peer), device, most_bytes, std::move(exceeded)};
  changed_.SignalAll();
  return number_;
}

void ReceiveLimit::Leave(std::uint64_t call) {
  Exceeded exceeded;  // destroyed after the lock
  MutexLock lock(mutex_);
  const auto left = calls_.find(call);
  if (left == calls_.end()) return;
  exceeded = std::move(left->second.exceeded);
  const auto account = accounts_.find(left->second.peer);
  account->second.calls.erase(call);
  if (account->second.calls.empty()) accounts_.erase(account);
  calls_.erase(left);
}

void ReceiveLimit::Run() {
  while (true) {
    std::set<std::string> peers;
    {
      MutexLock lock(mutex_);
      while (accounts_.empty() && !stop_) changed_.Wait(mutex_);
      if (stop_) return;
      for (const auto& [peer, account] : accounts_) peers.insert(peer);
    }
    const std::uint64_t read_ns = clock_.MonotonicNs();
    const auto sockets = ReadSocketBytes(peers);
    if (!sockets.ok()) {
      std::fprintf(stderr, "warning: no limit on what devices send: %s\n",
                   std::string(sockets.status().message()).c_str());
      return;
    }
    std::vector<Ending> endings;
    {
      MutexLock lock(mutex_);
      endings = Count(*sockets, read_ns);
    }
    for (auto& [exceeded, why] : endings) exceeded(why.first, why.second);
    const std::chrono::nanoseconds rest((clock_.MonotonicNs() - read_ns) * kRestPerLook);
    const auto next =
        std::chrono::steady_clock::now() + std::max<std::chrono::nanoseconds>(kPeriod, rest);
    MutexLock lock(mutex_);
    while (!stop_) {
      const auto left = next - std::chrono::steady_clock::now();
      if (left.count() <= 0) break;
      changed_.WaitFor(mutex_, left);
    }
  }
}

void ReceiveLimit::Renew(Account& account) {
  account.since_ns = clock_.MonotonicNs();
  account.first.clear();
  account.most_bytes.clear();
  for (const std::uint64_t number : account.calls) {
    const Call& call = calls_.at(number);
    account.most_bytes[call.device] += call.most_bytes;
  }
}

std::vector<ReceiveLimit::Ending> ReceiveLimit::Count(const std::vector<SocketBytes>& sockets,
                                                      std::uint64_t read_ns) {
  std::vector<Ending> endings;
  for (const SocketBytes& socket : sockets) {
    const auto found = accounts_.find(socket.peer);
    // What came before an account was opened is none of its calls'.
    if (found == accounts_.end() || found->second.since_ns >= read_ns) continue;
    Account& account = found->second;
    const std::uint64_t first = account.first.emplace(socket.local, socket.received).first->second;
    // Less: another connection has got the port of the one before.
    const std::uint64_t grown = socket.received - std::min(socket.received, first);
    std::uint64_t limit = 0;
    for (const auto& [device, bytes] : account.most_bytes) limit = std::max(limit, bytes);
    if (grown <= limit) continue;
    std::set<std::uint32_t> devices;
    for (const std::uint64_t call : account.calls) devices.insert(calls_.at(call).device);
    const std::string detail = absl::StrCat(grown, " bytes received, limit ", limit);
    for (const std::uint64_t call : account.calls) {
      endings.emplace_back(calls_.at(call).exceeded, std::make_pair(devices.size() == 1, detail));
    }
  }
  for (auto& [peer, account] : accounts_) {
    if (clock_.MonotonicNs() - account.since_ns > kAccountNs) Renew(account);
  }
  return endings;
}

}  // namespace kaisar::checker
