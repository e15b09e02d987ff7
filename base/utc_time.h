#pragma once

#include <cstdint>
#include <string>

namespace kaisar {

/// "2026-11-22 21:14:05 UTC", for people.
std::string UtcTime(std::uint64_t unix_s);

}  // namespace kaisar
