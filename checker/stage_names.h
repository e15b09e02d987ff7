#pragma once

#include "absl/strings/string_view.h"
#include "reporter/submitter.h"

namespace kaisar::checker {

/// "waiting", "committing", …, as people and programs read it.
absl::string_view NameOf(reporter::Stage stage);

}  // namespace kaisar::checker
