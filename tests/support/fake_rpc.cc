#include "tests/support/fake_rpc.h"

#include <utility>

namespace kaisar::testing {

FakeRpc::FakeRpc() : state_(std::make_shared<State>()) {}

void FakeRpc::On(const std::string& url, const std::string& method, Handler handler) {
  state_->handlers[{url, method}] = std::move(handler);
}

void FakeRpc::Result(const std::string& url, const std::string& method, const Json& result) {
  On(url, method, [result](const Json& request) { return ResultBody(request, result); });
}

void FakeRpc::Error(const std::string& url, const std::string& method, int code,
                    const std::string& message, const Json& data) {
  On(url, method, [=](const Json& request) { return ErrorBody(request, code, message, data); });
}

std::string FakeRpc::ResultBody(const Json& request, const Json& result) {
  return Json{{"jsonrpc", "2.0"}, {"id", request.at("id")}, {"result", result}}.dump();
}

std::string FakeRpc::ErrorBody(const Json& request, int code, const std::string& message,
                               const Json& data) {
  Json error = {{"code", code}, {"message", message}};
  if (!data.is_null()) error["data"] = data;
  return Json{{"jsonrpc", "2.0"}, {"id", request.at("id")}, {"error", error}}.dump();
}

chain::HttpPost FakeRpc::Post() const {
  return [state = state_](const std::string& url, const std::string& body, std::uint32_t,
                          std::uint64_t) { return Respond(*state, url, body); };
}

absl::StatusOr<std::string> FakeRpc::Respond(State& state, const std::string& url,
                                             const std::string& body) {
  const Json request = Json::parse(body);
  const std::string method = request.at("method");
  if (method == "eth_chainId") {
    ++state.chain_ids_asked;
  } else {
    state.asked.push_back({url, method, request.at("params")});
  }
  for (const std::string& key : {method, std::string()}) {
    const auto found = state.handlers.find({url, key});
    if (found != state.handlers.end()) return found->second(request);
  }
  if (method == "eth_chainId") return ResultBody(request, "0x7a69");
  return ErrorBody(request, -32601, "the method does not exist");
}

}  // namespace kaisar::testing
