#pragma once

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

/// `{"KEY": true, "problems": []}`, as /healthz and /readyz say it: each problem has `code`,
/// `what`, `next` and `keeps_from_earning`, which `keeps` tells by its code.
std::string ProblemsJson(absl::string_view key, bool value, const std::vector<Problem>& problems,
                         bool (*keeps)(absl::string_view code));

}  // namespace kaisar::monitor
