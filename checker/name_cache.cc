#include "checker/name_cache.h"

#include <netdb.h>

#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "base/mutex.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kFreshNs = 300'000'000'000;  // a found name is looked up again after 5 min
constexpr std::uint64_t kRetryNs = 5'000'000'000;    // and one that was not found after 5 s

/// The first address of each family; nothing when there is no such name.
std::vector<SocketAddress> Resolve(const std::string& host, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return {};
  std::map<int, SocketAddress> families;
  for (const addrinfo* info = list; info != nullptr; info = info->ai_next) {
    if (info->ai_addrlen > sizeof(sockaddr_storage)) continue;
    SocketAddress address;
    address.size = info->ai_addrlen;
    std::memcpy(&address.storage, info->ai_addr, info->ai_addrlen);
    families.emplace(info->ai_family, address);
  }
  freeaddrinfo(list);
  std::vector<SocketAddress> addresses;
  for (const auto& [family, address] : families) addresses.push_back(address);
  return addresses;
}

}  // namespace

/// Shared with the thread, which may outlive the cache.
struct NameCache::State {
  State(const Clock& the_clock, std::function<void()> on_change)
      : clock(the_clock), changed(std::move(on_change)) {}

  struct Entry {
    bool asked = false;  // waits for the resolver
    std::uint64_t known_ns = 0;
    std::optional<std::vector<SocketAddress>> addresses;
  };

  const Clock& clock;
  Mutex mutex;
  CondVar wake;
  bool ending ABSL_GUARDED_BY(mutex) = false;
  std::function<void()> changed ABSL_GUARDED_BY(mutex);
  std::map<std::string, Entry> entries ABSL_GUARDED_BY(mutex);
  std::deque<std::string> questions ABSL_GUARDED_BY(mutex);

  std::optional<std::string> NextQuestion() ABSL_LOCKS_EXCLUDED(mutex) {
    MutexLock lock(mutex);
    while (questions.empty() && !ending) wake.Wait(mutex);
    if (ending) return std::nullopt;
    std::string host = std::move(questions.front());
    questions.pop_front();
    return host;
  }

  void Answered(const std::string& host, std::vector<SocketAddress> addresses)
      ABSL_LOCKS_EXCLUDED(mutex) {
    MutexLock lock(mutex);
    if (ending) return;
    Entry& entry = entries[host];
    entry.asked = false;
    entry.known_ns = clock.MonotonicNs();
    if (!addresses.empty() || !entry.addresses) entry.addresses = std::move(addresses);
    changed();  // under the lock, so that it is not called after the destructor; it only wakes
  }
};

NameCache::NameCache(const Clock& clock, std::function<void()> changed)
    : state_(std::make_shared<State>(clock, std::move(changed))) {
  std::thread([state = state_] {
    while (const std::optional<std::string> host = state->NextQuestion()) {
      state->Answered(*host, Resolve(*host, AI_ADDRCONFIG));
    }
  }).detach();
}

NameCache::~NameCache() {
  MutexLock lock(state_->mutex);
  state_->ending = true;
  state_->wake.SignalAll();
}

NameCache::Answer NameCache::Find(const std::string& host) {
  if (std::vector<SocketAddress> numeric = Resolve(host, AI_NUMERICHOST); !numeric.empty()) {
    return {false, std::move(numeric)};
  }
  MutexLock lock(state_->mutex);
  State::Entry& entry = state_->entries[host];
  const std::uint64_t age_ns = state_->clock.MonotonicNs() - entry.known_ns;
  const bool found = entry.addresses && !entry.addresses->empty();
  if (!entry.asked && (!entry.addresses || age_ns > (found ? kFreshNs : kRetryNs))) {
    entry.asked = true;
    if (!found) entry.addresses.reset();
    state_->questions.push_back(host);
    state_->wake.SignalAll();
  }
  if (!entry.addresses) return {true, {}};
  return {false, *entry.addresses};
}

}  // namespace kaisar::checker
