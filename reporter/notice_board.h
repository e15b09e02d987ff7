#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/clock.h"

namespace kaisar::reporter {

/// Passes notices on, but not the same one over and over: a text again only after an hour, another
/// text of the same key after ten seconds.
///
/// Threads: one at a time.
class NoticeBoard {
 public:
  NoticeBoard(const Clock& clock, std::function<void(const std::string&)> pass_on);
  void Tell(const std::string& key, const std::string& text);

 private:
  struct Told {
    std::uint64_t ms = 0;
    std::string text;
  };
  const Clock& clock_;
  const std::function<void(const std::string&)> pass_on_;
  std::map<std::string, Told> told_;  // at most 1000
};

}  // namespace kaisar::reporter
