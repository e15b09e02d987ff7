#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "chain/chain_client.h"

namespace kaisar::chain {

struct JsonRpcOptions {
  std::vector<std::string> endpoints;  // http:// or https:// URLs, 1 to 8, tried in turn
  std::uint64_t chain_id = 0;          // every endpoint must serve it; asked before its first use
  std::uint32_t timeout_ms = 5000;     // of one request to one endpoint
  std::uint64_t most_response_bytes = 64ull << 20;
  /// When the newest block of an endpoint is older than that, Latest looks for a newer one on the
  /// others; the endpoint that has the newest is asked from then on. 0: never.
  std::uint32_t stale_after_s = 0;
};

/// Posts a body to a URL and gives the response body. The real one is libcurl; it follows no
/// redirects and takes no proxy from the environment.
///
/// Errors: Unavailable or DeadlineExceeded with the library's words; ResourceExhausted beyond the
///         limit; Unavailable with the status line for any HTTP status but 200 (the body of a JSON
///         error with another status is given).
using HttpPost =
    std::function<absl::StatusOr<std::string>(const std::string& url, const std::string& body,
                                              std::uint32_t timeout_ms, std::uint64_t most_bytes)>;
HttpPost CurlPost();
/// The same, but requests are broken off (Cancelled) within a second once `cancelled` says so; it
/// is asked on the threads that post. So a program that is to stop does not wait for an endpoint.
HttpPost CurlPost(std::function<bool()> cancelled);

/// A chain behind JSON-RPC. Asks the endpoint that answered last; goes on to the next one when it
/// fails, is late, answers what is not JSON-RPC, serves another chain id, or is stale. Only reads
/// are asked again on another endpoint; a transaction is handed to every endpoint that can be
/// reached, which is harmless, since its bytes are the same.
///
/// Errors: InvalidArgument with the URL when one is malformed.
absl::StatusOr<std::unique_ptr<ChainClient>> MakeJsonRpcClient(JsonRpcOptions options,
                                                               const Clock& clock,
                                                               HttpPost post = CurlPost());

}  // namespace kaisar::chain
