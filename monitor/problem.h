#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace kaisar::monitor {

/// Something wrong, and what to do next.
struct Problem {
  std::string code;  // for machines: one of a fixed few, the same for the same trouble
  std::string what;
  std::string next;
};

/// For programs: each problem has `code`, `what`, `next` and `keeps_from_earning`, which `keeps`
/// tells by its code.
nlohmann::ordered_json ToJson(const std::vector<Problem>& problems,
                              bool (*keeps)(absl::string_view code));

/// `{"KEY": true, "problems": []}`, as /healthz and /readyz say it.
std::string ProblemsJson(absl::string_view key, bool value, const std::vector<Problem>& problems,
                         bool (*keeps)(absl::string_view code));

}  // namespace kaisar::monitor
