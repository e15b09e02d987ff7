#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "base/bytes.h"

namespace kaisar::chain {

using Json = nlohmann::json;

/// What an endpoint says instead of a result. Printable, of limited length.
struct RpcError {
  std::int64_t code = 0;
  std::string message;
  Bytes revert;  // what the contract returned when it reverted, where the endpoint gives it
};

using RpcReply = std::variant<Json, RpcError>;

/// A request as JSON-RPC 2.0 wants it.
std::string RpcRequest(std::uint64_t id, const std::string& method, const Json& parameters);

/// Reads the reply to the request `id`. No exceptions, whatever the bytes are.
///
/// Errors: InvalidArgument with what is wrong: not JSON, not JSON-RPC, or of another request.
/// Source: JSON-RPC 2.0 Specification, 5.
absl::StatusOr<RpcReply> ParseRpcReply(const std::string& body, std::uint64_t id);

}  // namespace kaisar::chain
