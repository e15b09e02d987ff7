#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "audit/device_history.h"
#include "audit/report.h"
#include "audit/verify.h"

namespace kaisar::audit {

/// What a page tells of.
struct AuditedEpoch {
  std::string log_path, report_path, page_path;  // as they were given
  SignedReport report;
  VerifyResult result;
  EpochHistory history;
};

/// One self-contained page: what was verified and what came out, each device's figures over time,
/// and how to do it again. It names no time of its own: the same files give the same page. All that
/// the log and the report say is text in it.
///
/// Cost: of an epoch as deploy/policy.yaml asks it, 5 kB a device.
std::string MakeEpochPage(const AuditedEpoch& audited);

/// What the page's script draws the devices from; audit/page/report.js reads it.
nlohmann::ordered_json EpochPageJson(const AuditedEpoch& audited);

}  // namespace kaisar::audit
