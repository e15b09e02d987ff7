#include "provider/stream_table.h"

#include <pthread.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace kaisar::provider {
namespace {

constexpr std::chrono::milliseconds kSweepEvery(100);

}  // namespace

StreamTable::StreamTable(std::uint32_t most_per_slot, const Clock& clock)
    : most_per_slot_(most_per_slot), clock_(clock), thread_([this] { Sweep(); }) {
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

absl::Status StreamTable::Add(std::uint32_t slot, std::shared_ptr<Stream> stream) {
  MutexLock lock(mutex_);
  if (closed_) return absl::UnavailableError("provider is shutting down");
  std::uint32_t& count = counts_[slot];
  if (count >= most_per_slot_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("slot ", slot, " has ", count, " streams open, limit ", most_per_slot_));
  }
  ++count;
  const bool first = streams_.empty();
  streams_.emplace(std::move(stream), slot);
  if (first) changed_.SignalAll();
  return absl::OkStatus();
}

void StreamTable::Remove(std::uint32_t slot, const std::shared_ptr<Stream>& stream) {
  MutexLock lock(mutex_);
  if (streams_.erase(stream) != 0) --counts_[slot];
}

void StreamTable::EndAll() {
  std::vector<std::shared_ptr<Stream>> streams;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    for (const auto& [stream, slot] : streams_) streams.push_back(stream);
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
      for (const auto& [stream, slot] : streams_) streams.push_back(stream);
    }
    const std::uint64_t now_ns = clock_.MonotonicNs();
    for (const auto& stream : streams) stream->EndIfLate(now_ns);
  }
}

}  // namespace kaisar::provider
