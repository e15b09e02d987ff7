#pragma once

#include <grpcpp/support/status.h>

#include <string>

namespace kaisar::checker {

/// What a stranger wrote, fit for log and terminal: printable ASCII, at most 512 bytes.
std::string Readable(std::string text);

/// Statuses with which a device says no. The others are those of a broken stream.
bool IsRefusal(grpc::StatusCode code);

/// Whether gRPC cut the device off because of the size of what it sent.
bool IsTooLarge(const grpc::Status& status);

}  // namespace kaisar::checker
