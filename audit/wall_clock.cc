#include "audit/wall_clock.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "audit/bounded_sum.h"
#include "audit/names.h"

namespace kaisar::audit {

std::vector<std::string> WallClock::Add(std::uint64_t index, const v1::Record& record) {
  index_ = index;
  record_ = &record;
  if (record.has_issued()) return Issued(record.issued());
  if (record.has_epoch_closed()) return EpochClosed(record.epoch_closed());
  if (record.has_described()) return Described(record.described());
  if (record.has_closed() && record.closed().sent_ms() != 0) Closed(record.closed());
  return {};
}

std::vector<std::string> WallClock::Issued(const v1::ChallengeIssued& issued) {
  std::vector<std::string> faults;
  CheckOrder("issued_ms", issued.issued_ms(), faults);
  Note("issued_ms", issued.issued_ms());
  return faults;
}

void WallClock::Closed(const v1::ChallengeClosed& closed) {
  const std::uint64_t end_ms = EndMs(closed);
  // A clock that was set back far, at the price of this call, says now what it says at its end.
  const bool set_back = closed.reason() == v1::CLOCK_STEPPED && closed.clock_step_ms() < 0;
  if (set_back) latest_ms_ = std::min(latest_ms_, end_ms);
  Note("sent_ms, elapsed_ms and clock_step_ms", end_ms);
}

std::vector<std::string> WallClock::EpochClosed(const v1::EpochClosed& closed) {
  std::vector<std::string> faults;
  if (AddUpTo(closed.closed_ms(), slack_ms_) < epoch_end_ms_) {
    faults.push_back(absl::StrCat("closed_ms is ", closed.closed_ms(),
                                  " ms, before the epoch's end at ", epoch_end_ms_, " ms"));
  }
  CheckOrder("closed_ms", closed.closed_ms(), faults);
  return faults;
}

std::vector<std::string> WallClock::Described(const v1::DeviceDescribed& described) {
  std::vector<std::string> faults;
  const std::uint64_t epoch_ms = epoch_end_ms_ - beacon_ms_;
  if (described.asked_ms() > AddUpTo(epoch_ms, slack_ms_)) {
    faults.push_back(absl::StrCat("asked_ms is ", described.asked_ms(),
                                  ", after the epoch's end at ", epoch_ms, " ms"));
  }
  Note("asked_ms", AddUpTo(beacon_ms_, described.asked_ms()));
  return faults;
}

std::uint64_t WallClock::EndMs(const v1::ChallengeClosed& closed) const {
  const std::uint64_t end_ms = AddUpTo(AddUpTo(beacon_ms_, closed.sent_ms()), closed.elapsed_ms());
  if (closed.clock_step_ms() >= 0) {
    return AddUpTo(end_ms, static_cast<std::uint64_t>(closed.clock_step_ms()));
  }
  const std::uint64_t back_ms = ~static_cast<std::uint64_t>(closed.clock_step_ms()) + 1;
  return end_ms - std::min(end_ms, back_ms);
}

void WallClock::CheckOrder(const char* field, std::uint64_t at_ms,
                           std::vector<std::string>& faults) {
  if (AddUpTo(at_ms, slack_ms_) >= latest_ms_ || latest_is_told_) return;
  latest_is_told_ = true;
  faults.push_back(absl::StrCat("time runs backwards: ", field, " is ", at_ms, " ms, but record ",
                                latest_index_, " (", latest_subject_, ") tells of ", latest_ms_,
                                " ms by its ", latest_field_));
}

void WallClock::Note(const char* field, std::uint64_t at_ms) {
  if (at_ms <= latest_ms_) return;
  latest_ms_ = at_ms;
  latest_index_ = index_;
  latest_subject_ = SubjectOf(*record_);
  latest_field_ = field;
  latest_is_told_ = false;
}

}  // namespace kaisar::audit
