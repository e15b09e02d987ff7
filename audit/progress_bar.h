#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "base/clock.h"

namespace kaisar::audit {

/// "[####------]  41 %  12345 of 30000 records  8230 records/s  0:02 left", for what was done in
/// `elapsed_ms`. Without what is left while nothing can be said of it.
std::string ProgressLine(std::uint64_t done, std::uint64_t total, std::uint64_t elapsed_ms);

/// The same as the last line of a terminal, drawn anew ten times a second at most.
class ProgressBar {
 public:
  /// Both must outlive it.
  ProgressBar(const Clock& clock, std::ostream& out);
  /// Leaves an empty line behind.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Show(std::uint64_t done, std::uint64_t total);

 private:
  const Clock& clock_;
  std::ostream& out_;
  const std::uint64_t begin_ns_;
  std::optional<std::uint64_t> drawn_ns_;
};

}  // namespace kaisar::audit
