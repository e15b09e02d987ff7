#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "chain/json_rpc_client.h"

namespace kaisar::testing {

/// JSON-RPC endpoints that answer as a test says, without a network. An endpoint serves chain 31337
/// until it is told otherwise; a method that nobody scripted is an error of the endpoint.
///
/// Threads: one.
class FakeRpc {
 public:
  using Json = nlohmann::json;
  /// Gives the body of the response to a request.
  using Handler = std::function<absl::StatusOr<std::string>(const Json& request)>;

  FakeRpc();

  /// What `url` answers to a method; "" stands for all methods without a handler of their own.
  void On(const std::string& url, const std::string& method, Handler handler);
  void Result(const std::string& url, const std::string& method, const Json& result);
  void Error(const std::string& url, const std::string& method, int code,
             const std::string& message, const Json& data = nullptr);

  static std::string ResultBody(const Json& request, const Json& result);
  static std::string ErrorBody(const Json& request, int code, const std::string& message,
                               const Json& data = nullptr);

  /// May outlive this object.
  chain::HttpPost Post() const;

  struct Asked {
    std::string url;
    std::string method;
    Json parameters;
  };
  /// Every request so far but those for chain ids.
  const std::vector<Asked>& asked() const { return state_->asked; }
  int chain_ids_asked() const { return state_->chain_ids_asked; }

 private:
  struct State {
    std::map<std::pair<std::string, std::string>, Handler> handlers;
    std::vector<Asked> asked;
    int chain_ids_asked = 0;
  };
  static absl::StatusOr<std::string> Respond(State& state, const std::string& url,
                                             const std::string& body);
  std::shared_ptr<State> state_;
};

}  // namespace kaisar::testing
