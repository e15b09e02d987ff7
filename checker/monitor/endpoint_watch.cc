#include "checker/monitor/endpoint_watch.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "chain/rpc_endpoints.h"

namespace kaisar::checker {
namespace {

/// So that eight that time out do not keep the slot's status from being read in time.
constexpr std::uint32_t kMostAnswerMs = 10'000;

}  // namespace

absl::StatusOr<EndpointWatch> EndpointWatch::Make(const chain::JsonRpcOptions& options,
                                                  const Clock& clock, const chain::HttpPost& post) {
  EndpointWatch watch;
  for (const std::string& url : options.endpoints) {
    chain::JsonRpcOptions one = options;
    one.endpoints = {url};
    one.timeout_ms = std::min(options.timeout_ms, kMostAnswerMs);
    ASSIGN_OR_RETURN(auto client, chain::MakeJsonRpcClient(std::move(one), clock, post));
    watch.endpoints_.push_back({chain::EndpointName(url), std::move(client)});
  }
  return watch;
}

std::map<std::string, bool> EndpointWatch::Look() {
  std::map<std::string, bool> answers;
  for (const Endpoint& endpoint : endpoints_) {
    const bool answered = endpoint.client->Latest().ok();
    const auto [name, first] = answers.try_emplace(endpoint.name, answered);
    name->second = name->second && answered;
  }
  return answers;
}

}  // namespace kaisar::checker
