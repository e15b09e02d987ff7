#pragma once

namespace kaisar {

/// Prints the place and the condition to standard error and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace kaisar

/// Aborts when our own code is wrong. Never for input: that gets a Status.
#define KAISAR_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::kaisar::CheckFailed(__FILE__, __LINE__, #condition))
