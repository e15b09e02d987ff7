#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/signing_key.h"
#include "kernels/matmul_engine.h"

namespace kaisar::provider {

/// What a device is made of: its name in the registry, its key, and what computes its proofs.
struct Device {
  std::uint32_t id = 0;
  std::string device_class;
  SigningKey key;
  std::unique_ptr<kernels::MatmulEngine> engine;
};

}  // namespace kaisar::provider
