#include "audit/settle_command.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

constexpr int kDiffers = 1;
constexpr int kUnreadable = 2;

int Fail(const absl::Status& status, std::ostream& errors) {
  errors << "kaisar-audit: " << status.message() << "\n";
  return kUnreadable;
}

bool HasDevice(const EpochSettlement& epoch, std::uint32_t id) {
  return std::any_of(epoch.devices.begin(), epoch.devices.end(),
                     [&](const DeviceSettlement& device) { return device.device == id; });
}

}  // namespace

int RunSettle(const SettleOptions& options, const chain::Deployment& deployment,
              chain::ChainClient& client, std::ostream& out, std::ostream& errors) {
  std::function<void(const std::string&)> progress = [](const std::string&) {};
  const bool terminal = isatty(STDERR_FILENO) == 1;
  if (terminal) {
    progress = [&](const std::string& what) { errors << "\r\033[K" << what << std::flush; };
  }
  chain::Contracts contracts(client, deployment);
  const absl::StatusOr<EpochFacts> facts = ReadEpochFacts(contracts, options.epoch, progress);
  if (terminal) errors << "\r\033[K";
  if (!facts.ok()) return Fail(facts.status(), errors);
  const EpochSettlement epoch = SettleAgain(*facts);
  if (options.device.has_value() && !HasDevice(epoch, *options.device)) {
    return Fail(absl::NotFoundError(absl::StrCat(
                    "device ", *options.device, " has nothing to settle in epoch ", options.epoch)),
                errors);
  }
  if (options.json) {
    out << SettlementToJson(epoch, options.device);
  } else {
    PrintSettlement(epoch, options.device, out);
  }
  return epoch.differences.empty() ? 0 : kDiffers;
}

int RunSettle(const SettleOptions& options, std::ostream& out, std::ostream& errors) {
  const auto access = chain::ChainAccess::Open(options.chain, RealClock());
  if (!access.ok()) return Fail(access.status(), errors);
  return RunSettle(options, (*access)->deployment(), (*access)->client(), out, errors);
}

}  // namespace kaisar::audit
