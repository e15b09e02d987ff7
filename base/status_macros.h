#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Shaped like the macros that Abseil published later; Debian's Abseil has none.

#define KAISAR_CONCAT_INNER(a, b) a##b
#define KAISAR_CONCAT(a, b) KAISAR_CONCAT_INNER(a, b)

/// Returns from the enclosing function when `expr` gives a status that is not ok.
#define RETURN_IF_ERROR(expr)                                                             \
  do {                                                                                    \
    if (::absl::Status kaisar_status = (expr); !kaisar_status.ok()) return kaisar_status; \
  } while (false)

/// Assigns the value of a StatusOr to `lhs`, or returns its status.
#define ASSIGN_OR_RETURN(lhs, expr) \
  ASSIGN_OR_RETURN_IMPL(KAISAR_CONCAT(kaisar_statusor_, __LINE__), lhs, expr)
#define ASSIGN_OR_RETURN_IMPL(statusor, lhs, expr)         \
  auto statusor = (expr);                                  \
  if (!statusor.ok()) return std::move(statusor).status(); \
  lhs = std::move(statusor).value()
