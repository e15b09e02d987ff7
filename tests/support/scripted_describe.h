#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <vector>

#include "tests/support/cheats.h"

namespace kaisar::testing {

/// Answers what the machine of these devices says of them, as the first behaviour about that says,
/// whichever devices and kind it is for; honestly without one.
///
/// Result: owns itself.
grpc::ServerUnaryReactor* AnswerDescribe(const std::vector<Behaviour>& behaviours,
                                         std::uint32_t first_device, std::uint32_t last_device,
                                         grpc::ByteBuffer& response);

}  // namespace kaisar::testing
