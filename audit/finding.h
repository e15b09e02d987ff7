#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kaisar::audit {

/// What a comparison of logs found: something for a person to look at, no verdict.
struct Finding {
  enum class Kind { kJudgedDifferently, kImpossibleDistance, kSharedHardware };
  Kind kind = Kind::kJudgedDifferently;
  std::set<std::uint32_t> devices;
  std::string sentence;  // in plain words
  /// By slot, those to look at in its log.
  std::map<std::uint32_t, std::vector<std::uint64_t>> records;
};

}  // namespace kaisar::audit
