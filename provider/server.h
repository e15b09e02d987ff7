#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/keys/tls_key.h"
#include "provider/admission.h"
#include "provider/config.h"
#include "provider/device.h"
#include "provider/device_descriptions.h"
#include "provider/gpu_devices.h"
#include "provider/hooks.h"

namespace kaisar::provider {

/// Starts the GPUs and opens the keys that a config names.
///
/// Errors: those of base/file.h and base/keys/, with the path; those of StartGpus, with the device.
absl::StatusOr<std::vector<Device>> OpenDevices(const ProviderConfig& config,
                                                const GpuSource& gpus = MachineGpus());
absl::StatusOr<TlsKey> OpenTlsKey(const ProviderConfig& config);

/// A provider that listens.
///
/// Threads:  gRPC's, one for each device ("matmul-ID"), one that cuts late streams off ("sweeper"),
///           one that asks the driver about GPUs ("describe") when a device has one, and one that
///           tends kaisar-iperf when bandwidth tests are taken ("processes").
/// Liveness: all of them end in the destructor, within two seconds whatever the peers do; where a
///           GPU hangs, some more (kernels/gpu_process.h).
class Server {
 public:
  /// `config.devices` and the paths in it are not read: `devices` and `tls_key` stand for them.
  ///
  /// Errors: Unavailable with the address when it cannot be listened on; FailedPrecondition with
  /// the
  ///         path when bandwidth tests are to be taken and kaisar-iperf cannot be run.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ProviderConfig& config,
                                                       const TlsKey& tls_key,
                                                       std::vector<Device> devices,
                                                       const Clock& clock,
                                                       const ProviderHooks& hooks = {});
  virtual ~Server() = default;

  /// host:port, the port being the one that was bound.
  virtual const std::string& address() const = 0;

  /// Who is served; the config's slots until somebody says otherwise.
  virtual Admission& admission() = 0;

  /// What the devices say of themselves.
  virtual DeviceDescriptions& descriptions() = 0;
};

}  // namespace kaisar::provider
