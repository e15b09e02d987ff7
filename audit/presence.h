#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"

namespace kaisar::audit {

/// What a log says of the checker's own presence: whether it was running and could reach anything.
/// A checker that excuses a challenge with its own absence must not have been present elsewhere in
/// the log.
///
/// Units:  times in ms after the beacon.
/// Cost:   20 bytes for each gap between calls and for each second in which a call was sent, 32
/// more
///         where it was answered; 24 for each such call in a second whose calls are kept.
class Presence {
 public:
  using Seconds = std::set<std::uint64_t>;

  /// Keeps the single calls of these seconds after the beacon; null: of all.
  explicit Presence(std::optional<Seconds> kept = std::nullopt) : kept_(std::move(kept)) {}

  /// One call that was made, from sending to closing; `answered` when it is proof of a connection.
  void AddCall(std::uint32_t device, std::uint64_t sent_ms, std::uint64_t elapsed_ms,
               bool answered);

  /// Claims that nothing was reachable from `sent_ms` on for `elapsed_ms`; `who` is for messages.
  void ClaimOffline(std::string who, std::uint32_t device, std::uint64_t sent_ms,
                    std::uint64_t elapsed_ms);

  /// A call that was made and saw no step of the wall clock.
  void AddSteady(std::uint64_t sent_ms, std::uint64_t elapsed_ms);
  /// Claims that one did.
  void ClaimStepped(std::string who, std::uint64_t sent_ms, std::uint64_t elapsed_ms);

  /// Claims that the checker was down at some time between these two.
  void ClaimStopped(std::string who, std::uint64_t from_ms, std::uint64_t until_ms);

  /// One line for each claim that the calls contradict.
  ///
  /// Result: only what leaves no room for delays: an answer to another device's challenge that lies
  ///         inside an offline claim by a second or more on both sides; calls that overlap without
  ///         a gap over the whole time of a stopped claim and ten seconds more; a steady call that
  ///         was sent in an earlier second than a stepped one, with a whole second between, and
  ///         ended a second or more after it.
  std::vector<std::string> Contradictions() const;

  /// The seconds that are not kept, and whose single calls may change what Contradictions says.
  /// Hardly ever any: a call must have been answered that was sent in the second in which a claim's
  /// first second ends.
  Seconds Unsettled() const;

 private:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  struct Call {
    std::uint64_t sent_ms = 0;
    std::uint64_t ended_ms = 0;
    std::uint32_t device = 0;
  };
  /// The earliest ends among calls: of the best device, and of the best other device.
  struct Earliest {
    std::uint64_t ended_ms = kNever;
    std::uint64_t other_ended_ms = kNever;
    std::uint32_t device = 0;
    std::uint32_t other_device = 0;

    void Add(std::uint64_t ended, std::uint32_t of);
    std::uint64_t NotOf(std::uint32_t excluded) const {
      return device == excluded ? other_ended_ms : ended_ms;
    }
  };
  struct Claim {
    std::string who;
    std::uint32_t device = 0;
    std::uint64_t from_ms = 0;
    std::uint64_t until_ms = 0;
  };
  /// When the first answered call of another device ended that could contradict a claim.
  struct FirstAnswer {
    std::uint64_t ended_ms = kNever;
    std::optional<std::uint64_t> unsettled;  // the second whose calls may change that
  };
  void AddPresent(std::uint64_t from_ms, std::uint64_t until_ms);
  /// For each offline claim.
  std::vector<FirstAnswer> FirstAnswers() const;
  void CheckOffline(std::vector<std::string>& found) const;
  void CheckStopped(std::vector<std::string>& found) const;
  void CheckStepped(std::vector<std::string>& found) const;

  std::optional<Seconds> kept_;
  absl::btree_map<std::uint64_t, std::uint64_t> present_;    // calls as one while they overlap
  absl::btree_map<std::uint64_t, Earliest> answered_;        // by the second of sending
  absl::btree_map<std::uint64_t, std::vector<Call>> calls_;  // answered, of the seconds kept
  std::vector<Claim> offline_;
  std::vector<Claim> stopped_;
  absl::btree_map<std::uint64_t, std::uint64_t> steady_;  // latest end, by the second of sending
  std::vector<Claim> stepped_;
};

}  // namespace kaisar::audit
