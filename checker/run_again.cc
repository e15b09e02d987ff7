#include "checker/run_again.h"

namespace kaisar::checker {

absl::Status RunAgain(const std::function<absl::Status()>& run, std::uint64_t pause_ms,
                      StopRequest& stop, const std::function<void(const absl::Status&)>& failed) {
  while (true) {
    const absl::Status status = run();
    if (status.ok() || stop.made()) return status;
    failed(status);
    stop.WaitFor(pause_ms);
    if (stop.made()) return status;
  }
}

}  // namespace kaisar::checker
