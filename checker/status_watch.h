#pragma once

#include <functional>
#include <ostream>
#include <string>

namespace kaisar::checker {

/// What `status` has to say at one time.
struct Told {
  std::string text;  // what is printed
  std::string same;  // equal to that of another time: nothing has changed but the seconds left
  int exit_status = 0;
};

/// Asks again and again. On a terminal each answer takes the place of the one before, on a screen
/// of its own, and the last one stays; elsewhere each is printed that differs from the one before.
/// `head` is the first line on a terminal. `wait` waits for the next time; false ends it.
///
/// Result: how the last answer would have ended.
int Watch(const std::string& head, const std::function<Told()>& ask,
          const std::function<bool()>& wait, bool terminal, std::ostream& out);

}  // namespace kaisar::checker
