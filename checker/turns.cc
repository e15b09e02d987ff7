#include "checker/turns.h"

#include <utility>

#include "base/check.h"

namespace kaisar::checker {

std::optional<std::uint32_t> Turns::TakeNext() {
  while (free_ > 0 && !line_.empty()) {
    const Waiting next = line_.front();
    line_.pop_front();
    if (const auto running = behind_.find(next.key); running != behind_.end()) {
      running->second.push_back(next);
      continue;
    }
    --free_;
    behind_.emplace(next.key, std::deque<Waiting>());
    return next.index;
  }
  return std::nullopt;
}

void Turns::Release(std::uint32_t key) {
  const auto running = behind_.find(key);
  KAISAR_CHECK(running != behind_.end());
  std::deque<Waiting> waiting = std::move(running->second);
  behind_.erase(running);
  ++free_;
  // They fell due before what is in the line now, and keep their order.
  while (!waiting.empty()) {
    line_.push_front(waiting.back());
    waiting.pop_back();
  }
}

}  // namespace kaisar::checker
