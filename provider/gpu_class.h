#pragma once

#include "absl/strings/string_view.h"

namespace kaisar::provider {

/// The class of deploy/policy.yaml that a GPU probably belongs to, by the name that its driver
/// gives it; empty when none comes to mind. A hint for its owner: what counts is what it reaches.
absl::string_view ProbableClass(absl::string_view gpu_name);

}  // namespace kaisar::provider
