#include "audit/progress_bar.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "audit/figures.h"

namespace kaisar::audit {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kMsPerSecond = 1000;
constexpr std::uint64_t kDrawEveryNs = 100 * kNsPerMs;
constexpr std::uint64_t kCells = 20;
// The first moments say little of the rest.
constexpr std::uint64_t kLeastElapsedMs = 500;

}  // namespace

std::string ProgressLine(std::uint64_t done, std::uint64_t total, std::uint64_t elapsed_ms) {
  // The total is a file's word.
  const std::uint64_t most = std::max<std::uint64_t>({done, total, 1});
  const auto part = [&](std::uint64_t of) {
    return static_cast<std::uint64_t>(static_cast<double>(done) / static_cast<double>(most) *
                                      static_cast<double>(of));
  };
  const std::uint64_t full = part(kCells);
  std::string line = absl::StrFormat("[%s%s] %3d %%  %d of %d records", std::string(full, '#'),
                                     std::string(kCells - full, '-'), part(100), done, most);
  if (elapsed_ms < kLeastElapsedMs || done == 0) return line;
  const double per_ms = static_cast<double>(done) / static_cast<double>(elapsed_ms);
  const auto left_ms = static_cast<std::uint64_t>(static_cast<double>(most - done) / per_ms);
  absl::StrAppend(&line, "  ", static_cast<std::uint64_t>(per_ms * kMsPerSecond), " records/s  ",
                  FormatDuration(left_ms), " left");
  return line;
}

ProgressBar::ProgressBar(const Clock& clock, std::ostream& out)
    : clock_(clock), out_(out), begin_ns_(clock.MonotonicNs()) {}

ProgressBar::~ProgressBar() {
  if (drawn_ns_.has_value()) out_ << "\r\033[K" << std::flush;
}

void ProgressBar::Show(std::uint64_t done, std::uint64_t total) {
  const std::uint64_t now_ns = clock_.MonotonicNs();
  if (drawn_ns_.has_value() && now_ns - *drawn_ns_ < kDrawEveryNs) return;
  drawn_ns_ = now_ns;
  out_ << "\r\033[K" << ProgressLine(done, total, (now_ns - begin_ns_) / kNsPerMs) << std::flush;
}

}  // namespace kaisar::audit
