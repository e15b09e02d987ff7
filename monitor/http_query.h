#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace kaisar::monitor {

/// The value of a field of a request's query, as browsers write forms into it: `+` is a space,
/// `%41` is A. The first one counts; empty when there is none. An escape that is none stays as it
/// is.
std::string QueryField(absl::string_view query, absl::string_view name);

}  // namespace kaisar::monitor
