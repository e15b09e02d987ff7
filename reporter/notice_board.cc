#include "reporter/notice_board.h"

#include <utility>

namespace kaisar::reporter {
namespace {

constexpr std::uint64_t kSameTextMs = 3'600'000;
constexpr std::uint64_t kOtherTextMs = 10'000;
constexpr std::size_t kMostKeys = 1000;

}  // namespace

NoticeBoard::NoticeBoard(const Clock& clock, std::function<void(const std::string&)> pass_on)
    : clock_(clock), pass_on_(std::move(pass_on)) {}

void NoticeBoard::Tell(const std::string& key, const std::string& text) {
  const std::uint64_t now_ms = clock_.MonotonicNs() / 1'000'000;
  const auto told = told_.find(key);
  if (told != told_.end()) {
    const std::uint64_t quiet_ms = told->second.text == text ? kSameTextMs : kOtherTextMs;
    if (now_ms < told->second.ms + quiet_ms) return;
  }
  if (told_.size() >= kMostKeys) told_.clear();
  told_[key] = {now_ms, text};
  pass_on_(text);
}

}  // namespace kaisar::reporter
