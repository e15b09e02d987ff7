#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "audit/report.h"
#include "base/clock.h"
#include "checker/chain_access.h"
#include "checker/chain_registry.h"
#include "checker/chain_thread.h"
#include "checker/monitor/monitor.h"
#include "checker/run_console.h"
#include "checker/run_inputs.h"
#include "checker/stop_request.h"
#include "reporter/signature_store.h"

namespace kaisar::checker {

/// What a run needs besides when its epochs come from the chain.
class ChainRun {
 public:
  /// Finds the slot (waits for the chain when the config does not name it), opens the outbox,
  /// starts the thread "chain" and hands it every report of the data directory that can still be
  /// settled. All references must outlive it.
  ///
  /// Errors: those of OpenChain and Submitter::Open; NotFound when no slot has the hot key;
  ///         Cancelled when `stop` was made meanwhile.
  static absl::StatusOr<std::unique_ptr<ChainRun>> Start(const RunInputs& inputs,
                                                         reporter::SignatureStore& signatures,
                                                         StopRequest& stop, RunConsole& console,
                                                         Monitor& monitor, const Clock& clock);

  std::uint32_t slot() const { return slot_; }
  Registry& registry() { return registry_; }
  ChainThread& thread() { return *thread_; }

 private:
  ChainRun(std::unique_ptr<ChainAccess> access, std::uint32_t slot, const RunInputs& inputs,
           RunConsole& console, const Clock& clock);

  const std::unique_ptr<ChainAccess> access_;
  const std::uint32_t slot_;
  ChainRegistry registry_;
  std::unique_ptr<ChainThread> thread_;
};

/// The reports in a data directory whose devices can still be settled at `now_s`, ascending; what
/// cannot be read is told and left out.
std::vector<audit::SignedReport> OpenReports(const std::string& data_dir,
                                             const chain::Schedule& schedule, std::uint64_t now_s,
                                             const std::function<void(const std::string&)>& notice);

}  // namespace kaisar::checker
