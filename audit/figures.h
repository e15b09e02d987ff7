#pragma once

#include <cstdint>
#include <string>

namespace kaisar::audit {

// Figures as people read them: in displays, tables and explanations.

/// "1.23 Top/s": three digits, rounded down.
std::string FormatRate(std::uint64_t ops_per_second);
/// "941 Mbit/s": three digits, rounded down.
std::string FormatBitRate(std::uint64_t bits_per_second);
/// "98.7 %", rounded down.
std::string FormatShare(std::uint32_t ppm);
/// "412 us", "1.23 ms", "2.05 s".
std::string FormatMicroseconds(std::uint64_t us);
/// "42 s", "3:05", "2:00:05".
std::string FormatDuration(std::uint64_t ms);

}  // namespace kaisar::audit
