#include "tests/support/tun_relay_link.h"

#include <algorithm>
#include <utility>

namespace kaisar::testing {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
constexpr std::uint64_t kMillion = 1'000'000;

}  // namespace

TunRelayLink::TunRelayLink(const TunRelayTerms& terms, std::uint64_t seed)
    : terms_(terms), random_(seed) {}

bool TunRelayLink::Draw(std::uint32_t ppm) {
  return ppm != 0 && random_() % kMillion < ppm;
}

void TunRelayLink::Put(std::uint64_t now_ns, std::string packet) {
  if (Draw(terms_.loss_ppm)) {
    ++counts_.lost;
    return;
  }
  std::uint64_t sent_ns = now_ns;
  if (terms_.bits_per_second != 0) {
    free_ns_ = std::max(free_ns_, now_ns);
    const std::uint64_t waiting_bytes =
        (free_ns_ - now_ns) / 8 * terms_.bits_per_second / kNsPerSecond;
    if (waiting_bytes + packet.size() > terms_.queue_bytes) {
      ++counts_.dropped;
      return;
    }
    free_ns_ += packet.size() * 8 * kNsPerSecond / terms_.bits_per_second;
    sent_ns = free_ns_;
  }
  if (held_bytes_ + packet.size() > kMostHeldBytes) {
    ++counts_.dropped;
    return;
  }
  std::uint64_t due_ns = sent_ns + terms_.delay_ns;
  if (terms_.jitter_ns != 0) due_ns += random_() % (terms_.jitter_ns + 1);
  held_bytes_ += packet.size();
  held_.push(Held{due_ns, accepted_++, std::move(packet)});
}

std::optional<std::uint64_t> TunRelayLink::NextDueNs() const {
  if (held_.empty()) return std::nullopt;
  return held_.top().due_ns;
}

std::optional<std::string> TunRelayLink::Take(std::uint64_t now_ns) {
  if (held_.empty() || held_.top().due_ns > now_ns) return std::nullopt;
  // A priority queue gives its top as const, since changing it would break the order; it goes next.
  std::string packet = std::move(const_cast<Held&>(held_.top()).packet);
  held_.pop();
  held_bytes_ -= packet.size();
  ++counts_.packets;
  counts_.bytes += packet.size();
  return packet;
}

void TunRelayLink::Drop(std::size_t bytes) {
  --counts_.packets;
  counts_.bytes -= bytes;
  ++counts_.dropped;
}

}  // namespace kaisar::testing
