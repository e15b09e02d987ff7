#include "checker/matmul_slots.h"

#include <utility>

#include "base/check.h"

namespace kaisar::checker {

std::optional<std::uint32_t> MatmulSlots::TakeNext() {
  while (free_ > 0 && !line_.empty()) {
    const Waiting next = line_.front();
    line_.pop_front();
    if (const auto running = behind_.find(next.device); running != behind_.end()) {
      running->second.push_back(next);
      continue;
    }
    --free_;
    behind_.emplace(next.device, std::deque<Waiting>());
    return next.index;
  }
  return std::nullopt;
}

void MatmulSlots::Release(std::uint32_t device) {
  const auto running = behind_.find(device);
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
