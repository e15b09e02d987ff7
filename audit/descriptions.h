#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "kaisar/v1/log.pb.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::audit {

/// The most that a record holds of what a device says of itself. An honest description of a GPU is
/// under 700 bytes: four texts of at most 96 bytes and a dozen figures.
inline constexpr std::size_t kMostDescriptionBytes = 4096;
/// The most that a record holds of a provider's name and version.
inline constexpr std::size_t kMostSoftwareBytes = 128;

/// What the devices of an epoch say of themselves, by id. Nothing here reads it to decide anything.
using Descriptions = std::map<std::uint32_t, v1::DeviceDescribed>;

/// What in a record is larger than a record may hold, in words; empty when nothing is.
std::string DescriptionExcess(const v1::DeviceDescribed& described);

/// What in a record no checker writes, in words; empty when there is nothing.
std::string DescriptionContradiction(const v1::DeviceDescribed& described);

/// What a device says of itself, or why there is nothing, in printable ASCII, whatever it sent.
std::string DescriptionLine(const v1::DeviceDescribed& described);

/// A line for each device of the roster: its own words, or why there are none. Made of printable
/// ASCII, whatever the device sent.
std::string DescriptionTable(const v1::Roster& roster, const Descriptions& descriptions);

/// The same for programs: an array with an object for each described device; docs/log-format.md
/// lists the keys.
nlohmann::ordered_json DescriptionsToJson(const Descriptions& descriptions);

}  // namespace kaisar::audit
