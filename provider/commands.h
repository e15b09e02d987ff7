#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "provider/gpu_devices.h"

namespace kaisar::provider {

/// How a command of kaisar-provider ended, in exit status: docs/provider.md.
inline constexpr int kFine = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;

/// `run`: serves until SIGTERM or SIGINT. Prints `listening on HOST:PORT` on standard output,
/// events on standard error.
///
/// Result: exit status; what was wrong is on standard error.
int RunCommand(const std::string& config_path);

struct KeysOptions {
  std::string directory;
  std::string password;  // path or "fd:N"; empty: the file `password` in the directory
  bool light = false;
};

/// `keys new`: makes keystore.json, tls.pem and, when no password is given, password in a folder,
/// then prints what `keys show` prints.
///
/// Errors: AlreadyExists when one of the files is there.
absl::Status NewKeys(const KeysOptions& options, std::ostream& out);

/// `keys show`: opens the files and prints address and pin as YAML, for the registry and the
/// roster.
absl::Status ShowKeys(const KeysOptions& options, std::ostream& out);

struct MeasureOptions {
  std::uint32_t n = 2048;
  std::uint32_t rounds = 8;
  int threads = 0;  // 0: all cores; of the CPU
  std::string gpu;  // selector; empty: the CPU
  unsigned times = 5;
  bool json = false;
};

/// `measure`: runs proofs and prints their rates as a checker computes them.
///
/// Errors: ResourceExhausted when the states do not fit into memory; those of OpenGpu.
absl::Status Measure(const MeasureOptions& options, const GpuSource& gpus, std::ostream& out);

/// `gpus`: lists the GPUs that are here, whether each can be opened, and what the driver says of
/// them through the library `nvml`.
///
/// Errors: those of kernels/gpu.h when there is none; that of the first that cannot be opened.
absl::Status ShowGpus(bool json, const GpuSource& source, const std::string& nvml,
                      std::ostream& out);

/// `init`: writes the example config to a new file, or prints it when `path` is empty.
///
/// Errors: AlreadyExists.
absl::Status InitConfig(const std::string& path, std::ostream& out);

}  // namespace kaisar::provider
