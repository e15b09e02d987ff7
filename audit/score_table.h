#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "audit/score.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::audit {

/// What a person calls a device, by id. Optional: the log does not have it.
using DeviceNames = std::map<std::uint32_t, std::string>;

/// How the devices of an epoch did, as a table: what each was asked, what it earned, and why. The
/// checker prints it at the end of an epoch, the auditor after verifying one.
std::string ScoreTable(const v1::Roster& roster, const std::vector<DeviceScore>& scores,
                       const DeviceNames& names);

/// The same for programs: an array with whole numbers only; docs/log-format.md lists the keys.
nlohmann::ordered_json ScoresToJson(const v1::Roster& roster,
                                    const std::vector<DeviceScore>& scores,
                                    const DeviceNames& names);

}  // namespace kaisar::audit
