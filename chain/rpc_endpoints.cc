#include "chain/rpc_endpoints.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/check.h"
#include "base/endpoint.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "chain/rpc_object.h"

namespace kaisar::chain {
namespace {

constexpr std::size_t kMostEndpoints = 8;
constexpr std::size_t kMostUrlBytes = 2048;
constexpr std::size_t kMostToldBytes = 400;  // of one endpoint's trouble

absl::Status ValidateUrl(const std::string& url) {
  absl::string_view rest = url;
  const bool plain = absl::ConsumePrefix(&rest, "http://");
  const absl::string_view authority = plain || absl::ConsumePrefix(&rest, "https://")
                                          ? rest.substr(0, rest.find_first_of("/?"))
                                          : absl::string_view();
  const bool printable = std::all_of(
      url.begin(), url.end(), [](char c) { return c > ' ' && c <= '~' && c != '#' && c != '\\'; });
  // With a port of our own where it has none, since the syntax is the same otherwise.
  if (url.size() > kMostUrlBytes || !printable ||
      (!ParseEndpoint(std::string(authority)).ok() &&
       !ParseEndpoint(absl::StrCat(authority, ":80")).ok())) {
    return absl::InvalidArgumentError(absl::StrCat("endpoint is \"", Printable(url, 100),
                                                   "\", expected http[s]://host[:port][/path]"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string EndpointName(const std::string& url) {
  return url.substr(0, url.find_first_of("/?", url.find("://") + 3));
}

void Attempts::Add(const std::string& endpoint, const absl::Status& status) {
  statuses_.push_back(status);
  absl::StrAppend(&told_, told_.empty() ? "" : "; ", endpoint, ": ",
                  Printable(status.message(), kMostToldBytes));
}

bool Attempts::AllHave(absl::StatusCode code) const {
  return std::all_of(statuses_.begin(), statuses_.end(),
                     [code](const absl::Status& status) { return status.code() == code; });
}

absl::Status Attempts::Combine(const std::string& method,
                               std::initializer_list<absl::StatusCode> codes) const {
  const std::string message = absl::StrCat(method, ": ", told_);
  for (const absl::StatusCode code : codes) {
    for (const absl::Status& status : statuses_) {
      if (status.code() == code) return absl::Status(code, message);
    }
  }
  return absl::UnavailableError(message);
}

absl::Status RpcEndpoints::Validate(const JsonRpcOptions& options) {
  if (options.endpoints.empty() || options.endpoints.size() > kMostEndpoints) {
    return absl::InvalidArgumentError(absl::StrCat("there are ", options.endpoints.size(),
                                                   " endpoints, expected 1 to ", kMostEndpoints));
  }
  for (const std::string& url : options.endpoints) RETURN_IF_ERROR(ValidateUrl(url));
  return absl::OkStatus();
}

RpcEndpoints::RpcEndpoints(JsonRpcOptions options, HttpPost post)
    : options_(std::move(options)), post_(std::move(post)) {
  for (const std::string& url : options_.endpoints) names_.push_back(EndpointName(url));
  right_chain_.resize(names_.size());
}

std::vector<std::size_t> RpcEndpoints::Order() const {
  MutexLock lock(mutex_);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    order.push_back((preferred_ + i) % names_.size());
  }
  return order;
}

void RpcEndpoints::Prefer(std::size_t endpoint) {
  MutexLock lock(mutex_);
  preferred_ = endpoint;
}

absl::StatusOr<RpcReply> RpcEndpoints::Exchange(std::size_t endpoint, const std::string& method,
                                                const Json& parameters) {
  RETURN_IF_ERROR(CheckChainId(endpoint));
  absl::StatusOr<RpcReply> reply = Post(endpoint, method, parameters);
  if (!reply.ok()) {
    // Who comes back may have become another one.
    MutexLock lock(mutex_);
    right_chain_[endpoint] = false;
  }
  return reply;
}

absl::StatusOr<RpcReply> RpcEndpoints::Post(std::size_t endpoint, const std::string& method,
                                            const Json& parameters) {
  std::uint64_t id = 0;
  {
    MutexLock lock(mutex_);
    id = next_id_++;
  }
  const absl::StatusOr<std::string> body =
      post_(options_.endpoints[endpoint], RpcRequest(id, method, parameters), options_.timeout_ms,
            options_.most_response_bytes);
  if (absl::IsResourceExhausted(body.status())) {
    return RpcError{0, std::string(body.status().message()), {}};
  }
  if (!body.ok()) return absl::UnavailableError(body.status().message());
  absl::StatusOr<RpcReply> reply = ParseRpcReply(*body, id);
  if (!reply.ok()) return absl::UnavailableError(reply.status().message());
  return reply;
}

absl::Status RpcEndpoints::CheckChainId(std::size_t endpoint) {
  {
    MutexLock lock(mutex_);
    if (right_chain_[endpoint]) return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const RpcReply reply, Post(endpoint, "eth_chainId", Json::array()));
  const Json* result = std::get_if<Json>(&reply);
  if (result == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("does not tell its chain id: ", std::get<RpcError>(reply).message));
  }
  const absl::StatusOr<Uint256> chain_id = ReadQuantity(*result, 256);
  if (!chain_id.ok()) {
    return absl::UnavailableError(absl::StrCat("chain id ", chain_id.status().message()));
  }
  if (*chain_id != Uint256(options_.chain_id)) {
    return absl::FailedPreconditionError(
        absl::StrCat("serves chain ", chain_id->ToDecimal(), ", expected ", options_.chain_id));
  }
  MutexLock lock(mutex_);
  right_chain_[endpoint] = true;
  return absl::OkStatus();
}

}  // namespace kaisar::chain
