#include "chain/rpc_message.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/hex.h"
#include "base/printable.h"

namespace kaisar::chain {
namespace {

constexpr std::size_t kMostMessageBytes = 300;
constexpr std::size_t kMostShownBytes = 60;

absl::Status NoReply(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("reply ", what));
}

/// Clients put the returned bytes in different places: geth and anvil as the data itself,
/// Nethermind behind the word "Reverted", others in an object.
Bytes RevertBytes(const Json& error) {
  const auto data = error.find("data");
  if (data == error.end()) return {};
  const Json* place = &*data;
  if (data->is_object()) {
    const auto inner = data->find("data");
    if (inner == data->end()) return {};
    place = &*inner;
  }
  const std::string* text = place->get_ptr<const std::string*>();
  if (text == nullptr) return {};
  absl::string_view hex = *text;
  absl::ConsumePrefix(&hex, "Reverted ");
  if (!absl::StartsWith(hex, "0x")) return {};
  return ParseHex(hex).value_or(Bytes{});
}

absl::StatusOr<RpcReply> ReadError(const Json& error) {
  const auto code = error.is_object() ? error.find("code") : error.end();
  const auto message = error.is_object() ? error.find("message") : error.end();
  if (code == error.end() || !code->is_number_integer() || message == error.end() ||
      !message->is_string()) {
    return NoReply("has an error without code and message");
  }
  return RpcError{code->get<std::int64_t>(),
                  Printable(message->get_ref<const std::string&>(), kMostMessageBytes),
                  RevertBytes(error)};
}

}  // namespace

std::string RpcRequest(std::uint64_t id, const std::string& method, const Json& parameters) {
  const Json request = {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", parameters}};
  return request.dump();
}

absl::StatusOr<RpcReply> ParseRpcReply(const std::string& body, std::uint64_t id) {
  Json reply = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (reply.is_discarded()) {
    return NoReply(absl::StrCat("is not JSON: ", Printable(body, kMostShownBytes)));
  }
  if (!reply.is_object()) return NoReply("is no JSON object");
  const auto version = reply.find("jsonrpc");
  if (version == reply.end() || *version != "2.0") return NoReply("is not JSON-RPC 2.0");
  const auto error = reply.find("error");
  const bool failed = error != reply.end() && !error->is_null();
  const auto its_id = reply.find("id");
  // Who could not read a request may not know its id.
  const bool unknown_id = failed && (its_id == reply.end() || its_id->is_null());
  if (!unknown_id && (its_id == reply.end() || *its_id != Json(id))) {
    return NoReply("is that of another request");
  }
  if (failed) return ReadError(*error);
  const auto result = reply.find("result");
  if (result == reply.end()) return NoReply("has neither result nor error");
  return RpcReply(std::in_place_type<Json>, std::move(*result));
}

}  // namespace kaisar::chain
