#include "checker/status_watch.h"

#include <optional>
#include <utility>

#include "absl/strings/str_replace.h"

namespace kaisar::checker {
namespace {

// xterm's other screen, which ends up as if nothing had been; the cursor home; clear to the end.
constexpr char kOtherScreen[] = "\033[?1049h";
constexpr char kFirstScreen[] = "\033[?1049l";
constexpr char kHome[] = "\033[H";
constexpr char kClearBelow[] = "\033[J";

/// Over what was there: each line is cleared to its end.
std::string Cleared(const std::string& text) {
  return absl::StrReplaceAll(text, {{"\n", "\033[K\n"}});
}

}  // namespace

int Watch(const std::string& head, const std::function<Told()>& ask,
          const std::function<bool()>& wait, bool terminal, std::ostream& out) {
  if (terminal) out << kOtherScreen << kHome << kClearBelow << Cleared(head + "\n") << std::flush;
  std::optional<Told> last;
  do {
    Told told = ask();
    if (terminal) {
      out << kHome << Cleared(head + "\n\n" + told.text) << kClearBelow << std::flush;
    } else if (!last || last->same != told.same) {
      out << told.text << std::flush;
    }
    last = std::move(told);
  } while (wait());
  if (terminal) out << kFirstScreen << last->text << std::flush;
  return last->exit_status;
}

}  // namespace kaisar::checker
