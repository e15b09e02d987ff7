#pragma once

#include <cstdint>

namespace kaisar::reporter {

/// Devices of a slot that has made no report yet, as far as its coin goes.
inline constexpr std::uint64_t kDevicesBeforeReports = 70;

/// What the commit and the reveal of a report of so many devices use, rounded up.
///
/// Units:  gas.
/// Source: contracts/README.md, Gas.
std::uint64_t ReportGas(std::uint64_t devices);

/// What a slot uses for an epoch in which it checks so many devices: its report, an opening, and
/// the settling of those of whose committee it is the first member.
std::uint64_t EpochGas(std::uint64_t devices);

}  // namespace kaisar::reporter
