#include "base/clock.h"

#include <chrono>

namespace kaisar {
namespace {

class SystemClocks final : public Clock {
 public:
  std::uint64_t WallMs() const override {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
  }
  std::uint64_t MonotonicNs() const override {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                          std::chrono::steady_clock::now().time_since_epoch())
                                          .count());
  }
};

}  // namespace

const Clock& RealClock() {
  static const SystemClocks clocks;
  return clocks;
}

}  // namespace kaisar
