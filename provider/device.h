#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/signing_key.h"
#include "kernels/gpu.h"
#include "kernels/matmul_engine.h"

namespace kaisar::provider {

/// What a device is made of: its name in the registry, its key, and what computes its proofs.
struct Device {
  std::uint32_t id = 0;
  std::string device_class;
  SigningKey key;
  std::unique_ptr<kernels::MatmulEngine> engine;
  std::uint64_t state_memory_bytes = 0;         // the most that R·n² of one challenge may be
  std::optional<kernels::GpuListing> gpu = {};  // null: the CPU
};

}  // namespace kaisar::provider
