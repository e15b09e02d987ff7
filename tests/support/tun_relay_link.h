#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <vector>

namespace kaisar::testing {

/// What a link does to the packets of one direction.
struct TunRelayTerms {
  std::uint64_t delay_ns = 0;
  std::uint64_t jitter_ns = 0;  // 0 … this much more, drawn evenly; packets may overtake each other
  std::uint32_t loss_ppm = 0;         // of the packets, drawn one by one
  std::uint64_t bits_per_second = 0;  // of IP packets, headers included; 0: no limit
  std::uint64_t queue_bytes = 0;      // most that waits for the rate; what is beyond is dropped
};

/// What became of the packets of one direction.
struct TunRelayCounts {
  std::uint64_t packets = 0;  // handed on
  std::uint64_t bytes = 0;
  std::uint64_t lost = 0;     // as the terms ask
  std::uint64_t dropped = 0;  // the queue was full, or the other side did not take it
};

/// One direction of a relay: packets go in, and come out when they are due. Knows no network and no
/// clock. The same seed and the same packets give the same losses and delays.
///
/// Threads: one at a time.
class TunRelayLink {
 public:
  /// All packets that are held at once, those under way included.
  static constexpr std::size_t kMostHeldBytes = std::size_t{256} << 20;

  TunRelayLink(const TunRelayTerms& terms, std::uint64_t seed);

  /// Units: `now_ns` of any clock that does not go back.
  void Put(std::uint64_t now_ns, std::string packet);
  /// When the next packet is due; nothing when none is held.
  std::optional<std::uint64_t> NextDueNs() const;
  /// The next packet, once it is due; packets that are due at the same time in the order of Put.
  std::optional<std::string> Take(std::uint64_t now_ns);

  /// The other side did not want a packet of this size that was taken: it is dropped.
  void Drop(std::size_t bytes);
  const TunRelayCounts& counts() const { return counts_; }

 private:
  struct Held {
    std::uint64_t due_ns;
    std::uint64_t number;
    std::string packet;
    bool operator>(const Held& other) const {
      return due_ns != other.due_ns ? due_ns > other.due_ns : number > other.number;
    }
  };

  bool Draw(std::uint32_t ppm);

  const TunRelayTerms terms_;
  std::mt19937_64 random_;  // its numbers are the same on every machine
  std::priority_queue<Held, std::vector<Held>, std::greater<>> held_;
  std::size_t held_bytes_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t free_ns_ = 0;  // when the rate has sent all that it was given
  TunRelayCounts counts_;
};

}  // namespace kaisar::testing
