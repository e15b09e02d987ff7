#pragma once

#include <grpcpp/support/status.h>

namespace kaisar::checker {

/// Statuses with which a device says no. The others are those of a broken stream.
bool IsRefusal(grpc::StatusCode code);

/// Whether gRPC cut the device off because of the size of what it sent.
bool IsTooLarge(const grpc::Status& status);

}  // namespace kaisar::checker
