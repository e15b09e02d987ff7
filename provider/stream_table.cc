#include "provider/stream_table.h"

#include <pthread.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace kaisar::provider {
namespace {

constexpr std::chrono::milliseconds kSweepEvery(100);

}  // namespace

StreamTable::StreamTable(std::uint32_t most_per_peer, const Clock& clock)
    : most_per_peer_(most_per_peer), clock_(clock), thread_([this] { Sweep(); }) {
  pthread_setname_np(thread_.native_handle(), "sweeper");
}

StreamTable::~StreamTable() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

absl::Status StreamTable::Add(const Digest& tls_pin, std::shared_ptr<Stream> stream) {
  MutexLock lock(mutex_);
  if (closed_) return absl::UnavailableError("provider is shutting down");
  const auto found = counts_.find(tls_pin);
  const std::uint32_t count = found == counts_.end() ? 0 : found->second;
  if (count >= most_per_peer_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a peer has ", count, " streams open, limit ", most_per_peer_));
  }
  ++counts_[tls_pin];
  const bool first = streams_.empty();
  streams_.emplace(std::move(stream), tls_pin);
  if (first) changed_.SignalAll();
  return absl::OkStatus();
}

void StreamTable::Remove(const Digest& tls_pin, const std::shared_ptr<Stream>& stream) {
  MutexLock lock(mutex_);
  if (streams_.erase(stream) != 0 && --counts_.at(tls_pin) == 0) counts_.erase(tls_pin);
}

void StreamTable::EndAll() {
  std::vector<std::shared_ptr<Stream>> streams;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    for (const auto& [stream, tls_pin] : streams_) streams.push_back(stream);
  }
  for (const auto& stream : streams) {
    stream->EndNow(absl::UnavailableError("provider is shutting down"));
  }
}

void StreamTable::Sweep() {
  while (true) {
    std::vector<std::shared_ptr<Stream>> streams;
    {
      MutexLock lock(mutex_);
      while (streams_.empty() && !stopping_) changed_.Wait(mutex_);
      if (!stopping_) changed_.WaitFor(mutex_, kSweepEvery);
      if (stopping_) return;
      for (const auto& [stream, tls_pin] : streams_) streams.push_back(stream);
    }
    const std::uint64_t now_ns = clock_.MonotonicNs();
    for (const auto& stream : streams) stream->EndIfLate(now_ns);
  }
}

}  // namespace kaisar::provider
