#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kaisar::audit {

/// What a log says of the checker's own presence: whether it was running and could reach anything.
/// A checker that excuses a challenge with its own absence must not have been present elsewhere in
/// the log.
///
/// Times:  ms after the beacon.
/// Cost:   24 bytes per challenge that was sent.
class Presence {
 public:
  /// One call that was made, from sending to closing; `answered` when it is proof of a connection.
  void AddCall(std::uint32_t device, std::uint64_t sent_ms, std::uint64_t elapsed_ms,
               bool answered);

  /// Claims that nothing was reachable from `sent_ms` on for `elapsed_ms`; `who` is for messages.
  void ClaimOffline(std::string who, std::uint32_t device, std::uint64_t sent_ms,
                    std::uint64_t elapsed_ms);

  /// Claims that the checker was down at some time between these two.
  void ClaimStopped(std::string who, std::uint64_t from_ms, std::uint64_t until_ms);

  /// One line for each claim that the calls contradict.
  ///
  /// Result: only what leaves no room for delays: an answer to another device's challenge that lies
  ///         inside an offline claim by more than a second on both sides; calls that overlap
  ///         without a gap over the whole time of a stopped claim and ten seconds more.
  std::vector<std::string> Contradictions();

 private:
  struct Call {
    std::uint64_t sent_ms = 0;
    std::uint64_t ended_ms = 0;
    std::uint32_t device = 0;
    bool answered = false;
  };
  struct Claim {
    std::string who;
    std::uint32_t device = 0;
    std::uint64_t from_ms = 0;
    std::uint64_t until_ms = 0;
  };
  void CheckOffline(std::vector<std::string>& found) const;
  void CheckStopped(std::vector<std::string>& found) const;

  std::vector<Call> calls_;
  std::vector<Claim> offline_;
  std::vector<Claim> stopped_;
};

}  // namespace kaisar::audit
