#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "audit/device_explanation.h"
#include "audit/epoch_settlement.h"
#include "audit/settle_command.h"
#include "audit/timeline.h"
#include "chain/chain_client.h"

namespace kaisar::audit {

struct ExplainDeviceOptions {
  std::string log_path, report_path;
  std::uint32_t device = 0;
  bool json = false;  // one object instead of tables
};

/// `kaisar-audit explain --device`: the device's challenges by due time, the shares of its score
/// with their inputs, what the report says, and one sentence.
///
/// Result: the exit status: 0 done, 1 the log is damaged, or the report is of another log or has
///         another score, 2 a file cannot be read, or the roster lacks the device.
int RunExplainDevice(const ExplainDeviceOptions& options, std::ostream& out, std::ostream& errors);

/// What an epoch paid a slot and why: the devices it was asked about, what it answered, how far
/// from the median that was, what it earned; and one sentence.
void PrintSlotPay(const EpochSettlement& epoch, std::uint32_t slot, std::uint8_t band,
                  std::ostream& out);

/// One JSON object each; docs/auditing.md lists their keys. `mismatch` says why the report is not
/// of this log, and is empty when it is.
std::string DeviceExplanationToJson(const DeviceExplanation& explained,
                                    const std::vector<TimelineRow>& challenges,
                                    const std::string& mismatch);
std::string SlotPayToJson(const EpochSettlement& epoch, std::uint32_t slot, std::uint8_t band);

/// `kaisar-audit explain --slot`; of `options` the device is left aside.
///
/// Result: the exit status: 0 done, 1 the chain did not pay what we compute, 2 it cannot be read,
///         or has no such slot.
int RunExplainSlot(const SettleOptions& options, std::uint32_t slot, std::ostream& out,
                   std::ostream& errors);

}  // namespace kaisar::audit
