#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kaisar/v1/log.pb.h"

namespace kaisar::audit {

/// Follows the checker's wall clock through its log: a record is written after whatever it tells
/// of, so no later one was written at an earlier time. One slack is for a clock that is set back;
/// one that is set back further while a call is open makes that call CLOCK_STEPPED, and goes on
/// from its end.
///
/// Units: ms; Unix time where not after the beacon.
class WallClock {
 public:
  WallClock(const v1::EpochOpened& opened, std::uint64_t slack_ms)
      : beacon_ms_(opened.beacon_ms()), epoch_end_ms_(opened.epoch_end_ms()), slack_ms_(slack_ms) {}

  /// Takes the next record.
  ///
  /// Result: a phrase for each of its times that cannot be, which names the field. A time that is
  ///         ahead of those that follow is told of once.
  std::vector<std::string> Add(std::uint64_t index, const v1::Record& record);

 private:
  std::vector<std::string> Issued(const v1::ChallengeIssued& issued);
  void Closed(const v1::ChallengeClosed& closed);
  std::vector<std::string> EpochClosed(const v1::EpochClosed& closed);
  std::vector<std::string> Described(const v1::DeviceDescribed& described);
  /// When the call ended, as its own times give it.
  std::uint64_t EndMs(const v1::ChallengeClosed& closed) const;
  void CheckOrder(const char* field, std::uint64_t at_ms, std::vector<std::string>& faults);
  void Note(const char* field, std::uint64_t at_ms);

  const std::uint64_t beacon_ms_;
  const std::uint64_t epoch_end_ms_;
  const std::uint64_t slack_ms_;
  std::uint64_t index_ = 0;             // of the record under way
  const v1::Record* record_ = nullptr;  // that one, while it is
  std::uint64_t latest_ms_ = 0;         // that a record so far tells of …
  std::uint64_t latest_index_ = 0;      // … which is this one …
  std::string latest_subject_;          // … of this …
  const char* latest_field_ = nullptr;  // … by this field …
  bool latest_is_told_ = false;         // … and was found ahead of one that follows
};

}  // namespace kaisar::audit
