#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "chain/json_rpc_client.h"
#include "chain/rpc_message.h"

namespace kaisar::chain {

/// What went wrong with the endpoints that were asked so far, one line for people.
class Attempts {
 public:
  void Add(const std::string& endpoint, const absl::Status& status);
  bool AllHave(absl::StatusCode code) const;
  /// The first of these codes that any endpoint gave, else Unavailable; with what all of them said.
  absl::Status Combine(const std::string& method,
                       std::initializer_list<absl::StatusCode> codes) const;

 private:
  std::vector<absl::Status> statuses_;
  std::string told_;
};

/// Scheme, host and port of a URL: the rest of it may hold somebody's API key.
std::string EndpointName(const std::string& url);

/// The endpoints of one chain, and which one is asked first.
///
/// Threads: all methods from any thread.
class RpcEndpoints {
 public:
  /// Errors: InvalidArgument with the URL when one is malformed or holds a user's name.
  static absl::Status Validate(const JsonRpcOptions& options);
  RpcEndpoints(JsonRpcOptions options, HttpPost post);

  const JsonRpcOptions& options() const { return options_; }
  /// All of them, beginning with the one that is preferred.
  std::vector<std::size_t> Order() const;
  void Prefer(std::size_t endpoint);
  /// Its EndpointName.
  const std::string& name(std::size_t endpoint) const { return names_[endpoint]; }

  /// One request to one endpoint, whose chain id is asked first where it is not known to be right.
  ///
  /// Result: a response that is too long is an RpcError, too, since one may ask for less.
  /// Errors: Unavailable with what was wrong; FailedPrecondition with the other chain id.
  absl::StatusOr<RpcReply> Exchange(std::size_t endpoint, const std::string& method,
                                    const Json& parameters);

 private:
  absl::StatusOr<RpcReply> Post(std::size_t endpoint, const std::string& method,
                                const Json& parameters);
  absl::Status CheckChainId(std::size_t endpoint);

  const JsonRpcOptions options_;
  const HttpPost post_;
  std::vector<std::string> names_;
  mutable Mutex mutex_;
  std::size_t preferred_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  std::vector<bool> right_chain_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kaisar::chain
