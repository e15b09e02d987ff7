#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kaisar::audit {

/// Gathers what does not hold: all are counted, the first ones kept.
class Differences {
 public:
  static constexpr std::size_t kMostKept = 100;

  void Add(std::string line) {
    if (lines_.size() < kMostKept) lines_.push_back(std::move(line));
    ++count_;
  }
  const std::vector<std::string>& lines() const { return lines_; }
  std::uint64_t count() const { return count_; }

 private:
  std::vector<std::string> lines_;
  std::uint64_t count_ = 0;
};

}  // namespace kaisar::audit
