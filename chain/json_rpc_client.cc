#include "chain/json_rpc_client.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "chain/rpc_endpoints.h"
#include "chain/rpc_errors.h"
#include "chain/rpc_object.h"
#include "chain/rpc_results.h"

namespace kaisar::chain {
namespace {

constexpr int kBalanceBits = 192;
constexpr std::size_t kMostReturnedBytes = 8 << 20;
constexpr int kMostLogRequests = 4096;  // of one search
constexpr char kFeeBlocks[] = "0x5";    // a minute of Ethereum
constexpr int kTipPercentile = 50;

/// What an error means where no error is expected: the endpoint's own trouble.
absl::Status EndpointTrouble(const RpcError& error) {
  return absl::UnavailableError(absl::StrCat("error ", error.code, ": ", error.message));
}

/// Endpoints refuse ranges that are too long, or have too many entries, in as many words as there
/// are endpoints: any refusal may mean that.
absl::Status LogRefusal(const RpcError& error) {
  return absl::OutOfRangeError(absl::StrCat("error ", error.code, ": ", error.message));
}

/// What is no answer is told by the most telling of the endpoints; that all serve another chain, by
/// all of them.
absl::Status CombineReads(const Attempts& attempts, const std::string& method) {
  if (attempts.AllHave(absl::StatusCode::kFailedPrecondition)) {
    return attempts.Combine(method, {absl::StatusCode::kFailedPrecondition});
  }
  return attempts.Combine(method, {absl::StatusCode::kNotFound, absl::StatusCode::kOutOfRange,
                                   absl::StatusCode::kUnimplemented});
}

bool IsFinal(const absl::Status& status) {
  return status.ok() || absl::IsAborted(status) || absl::IsResourceExhausted(status);
}

class JsonRpcClient final : public ChainClient {
 public:
  JsonRpcClient(JsonRpcOptions options, const Clock& clock, HttpPost post)
      : endpoints_(std::move(options), std::move(post)), clock_(clock) {}

  std::uint64_t chain_id() const override { return endpoints_.options().chain_id; }
  absl::StatusOr<Block> Latest() override;
  absl::StatusOr<Block> BlockAt(std::uint64_t number) override;
  absl::StatusOr<Bytes> Header(std::uint64_t number) override;
  absl::StatusOr<Bytes> Call(const ViewCall& call) override;
  absl::StatusOr<std::vector<LogEntry>> Logs(const LogFilter& filter) override;
  absl::StatusOr<Uint256> Balance(const Address& account) override;
  absl::StatusOr<std::uint64_t> Nonce(const Address& account) override;
  absl::StatusOr<Fees> SuggestFees() override;
  absl::StatusOr<std::uint64_t> EstimateGas(const ViewCall& call) override;
  absl::Status Send(const SignedTransaction& transaction) override;
  absl::StatusOr<std::optional<Receipt>> FindReceipt(const Digest& transaction) override;

 private:
  /// Reads what one endpoint says. What is malformed is that endpoint's trouble.
  template <typename Read, typename Refuse>
  auto AskOne(std::size_t endpoint, const std::string& method, const Json& parameters,
              const Read& read, const Refuse& refuse) -> decltype(read(Json())) {
    ASSIGN_OR_RETURN(const RpcReply reply, endpoints_.Exchange(endpoint, method, parameters));
    if (const RpcError* error = std::get_if<RpcError>(&reply)) return refuse(*error);
    auto value = read(std::get<Json>(reply));
    if (absl::IsInvalidArgument(value.status())) {
      return absl::UnavailableError(absl::StrCat("result: ", value.status().message()));
    }
    return value;
  }

  /// Asks one endpoint after the other until one gives an answer.
  template <typename Read, typename Refuse>
  auto Ask(const std::string& method, const Json& parameters, const Read& read,
           const Refuse& refuse) -> decltype(read(Json())) {
    Attempts attempts;
    for (const std::size_t endpoint : endpoints_.Order()) {
      auto value = AskOne(endpoint, method, parameters, read, refuse);
      if (IsFinal(value.status())) {
        endpoints_.Prefer(endpoint);
        return value;
      }
      attempts.Add(endpoints_.name(endpoint), value.status());
    }
    return CombineReads(attempts, method);
  }

  absl::StatusOr<std::vector<LogEntry>> LogsOfRange(const LogFilter& filter);
  bool IsStale(const Block& block) const;

  RpcEndpoints endpoints_;
  const Clock& clock_;
};

Json BlockParameter(const std::optional<std::uint64_t>& block) {
  return block.has_value() ? Json(ToQuantity(*block)) : Json("latest");
}

Json CallObject(const ViewCall& call) {
  Json object = {{"to", ToHexData(call.to)}, {"data", ToHexData(call.input)}};
  if (call.from.has_value()) object["from"] = ToHexData(*call.from);
  return object;
}

bool JsonRpcClient::IsStale(const Block& block) const {
  const std::uint64_t now_s = clock_.WallMs() / 1000;
  return block.timestamp_s + endpoints_.options().stale_after_s < now_s;
}

absl::StatusOr<Block> JsonRpcClient::Latest() {
  const std::string method = "eth_getBlockByNumber";
  const Json parameters = Json::array({"latest", false});
  if (endpoints_.options().stale_after_s == 0) {
    return Ask(method, parameters, ReadBlock, EndpointTrouble);
  }
  Attempts attempts;
  std::optional<Block> newest;
  for (const std::size_t endpoint : endpoints_.Order()) {
    const absl::StatusOr<Block> block =
        AskOne(endpoint, method, parameters, ReadBlock, EndpointTrouble);
    if (!block.ok()) {
      attempts.Add(endpoints_.name(endpoint), block.status());
      continue;
    }
    if (!newest.has_value() || block->timestamp_s > newest->timestamp_s) {
      endpoints_.Prefer(endpoint);
      newest = *block;
    }
    if (!IsStale(*block)) break;
  }
  if (!newest.has_value()) return CombineReads(attempts, method);
  return *newest;
}

/// Wraps a reader of blocks: null is a block that does not exist, and another number is not what
/// was asked for.
template <typename Read>
auto OfBlock(std::uint64_t number, const Read& read) {
  return [number, read](const Json& result) -> decltype(read(result)) {
    if (result.is_null()) return absl::NotFoundError(absl::StrCat("there is no block ", number));
    ASSIGN_OR_RETURN(const Block block, ReadBlock(result));
    if (block.number != number) {
      return absl::InvalidArgumentError(
          absl::StrCat("block has the number ", block.number, ", asked for ", number));
    }
    return read(result);
  };
}

absl::StatusOr<Block> JsonRpcClient::BlockAt(std::uint64_t number) {
  return Ask("eth_getBlockByNumber", Json::array({ToQuantity(number), false}),
             OfBlock(number, ReadBlock), EndpointTrouble);
}

absl::StatusOr<Bytes> JsonRpcClient::Header(std::uint64_t number) {
  return Ask("eth_getBlockByNumber", Json::array({ToQuantity(number), false}),
             OfBlock(number, ReadHeader), EndpointTrouble);
}

absl::StatusOr<Bytes> JsonRpcClient::Call(const ViewCall& call) {
  return Ask(
      "eth_call", Json::array({CallObject(call), BlockParameter(call.block)}),
      [](const Json& result) { return ReadHexData(result, kMostReturnedBytes); }, CallStatus);
}

absl::StatusOr<std::vector<LogEntry>> JsonRpcClient::LogsOfRange(const LogFilter& filter) {
  Json topics = Json::array();
  for (const std::optional<Digest>& topic : filter.topics) {
    topics.push_back(topic.has_value() ? Json(ToHexData(*topic)) : Json());
  }
  const Json query = {{"address", ToHexData(filter.address)},
                      {"topics", topics},
                      {"fromBlock", ToQuantity(filter.from_block)},
                      {"toBlock", ToQuantity(filter.to_block)}};
  return Ask(
      "eth_getLogs", Json::array({query}),
      [&filter](const Json& result) { return ReadLogs(result, filter); }, LogRefusal);
}

absl::StatusOr<std::vector<LogEntry>> JsonRpcClient::Logs(const LogFilter& filter) {
  std::vector<LogEntry> found;
  LogFilter part = filter;
  std::uint64_t next = filter.from_block;
  std::uint64_t blocks = filter.to_block - filter.from_block;  // less one, so that it fits
  for (int requests = 0; next <= filter.to_block; ++requests) {
    if (requests == kMostLogRequests) {
      return absl::UnavailableError(absl::StrCat("eth_getLogs: blocks ", filter.from_block, " to ",
                                                 filter.to_block, " take more than ",
                                                 kMostLogRequests, " requests"));
    }
    part.from_block = next;
    part.to_block = next + std::min(blocks, filter.to_block - next);
    absl::StatusOr<std::vector<LogEntry>> entries = LogsOfRange(part);
    const bool refused = absl::IsOutOfRange(entries.status());
    if (refused && blocks > 0) {
      blocks = (part.to_block - next) / 2;
      continue;
    }
    if (refused) return absl::UnavailableError(entries.status().message());
    if (!entries.ok()) return entries.status();
    found.insert(found.end(), std::make_move_iterator(entries->begin()),
                 std::make_move_iterator(entries->end()));
    if (part.to_block == filter.to_block) break;
    next = part.to_block + 1;
  }
  return found;
}

absl::StatusOr<Uint256> JsonRpcClient::Balance(const Address& account) {
  return Ask(
      "eth_getBalance", Json::array({ToHexData(account), "latest"}),
      [](const Json& result) { return ReadQuantity(result, kBalanceBits); }, EndpointTrouble);
}

absl::StatusOr<std::uint64_t> JsonRpcClient::Nonce(const Address& account) {
  ASSIGN_OR_RETURN(
      const Uint256 nonce,
      Ask(
          "eth_getTransactionCount", Json::array({ToHexData(account), "latest"}),
          [](const Json& result) { return ReadQuantity(result, 64); }, EndpointTrouble));
  return nonce.ToUint64();
}

absl::StatusOr<Fees> JsonRpcClient::SuggestFees() {
  const absl::StatusOr<Fees> fees =
      Ask("eth_feeHistory", Json::array({kFeeBlocks, "latest", Json::array({kTipPercentile})}),
          ReadFeeHistory, EndpointTrouble);
  if (fees.ok()) return fees;
  // Not every chain keeps one.
  const absl::StatusOr<Uint256> gas_price = Ask(
      "eth_gasPrice", Json::array(), [](const Json& result) { return ReadQuantity(result, 128); },
      EndpointTrouble);
  if (!gas_price.ok()) return fees.status();
  ASSIGN_OR_RETURN(const Block latest, Latest());
  return FeesOfGasPrice(*gas_price, latest.base_fee);
}

absl::StatusOr<std::uint64_t> JsonRpcClient::EstimateGas(const ViewCall& call) {
  ASSIGN_OR_RETURN(const Uint256 gas,
                   Ask(
                       "eth_estimateGas", Json::array({CallObject(call)}),
                       [](const Json& result) { return ReadQuantity(result, 64); }, CallStatus));
  return gas.ToUint64();
}

absl::Status JsonRpcClient::Send(const SignedTransaction& transaction) {
  const std::string method = "eth_sendRawTransaction";
  const Json parameters = Json::array({ToHexData(transaction.raw)});
  bool taken = false;
  Attempts attempts;
  for (const std::size_t endpoint : endpoints_.Order()) {
    const absl::StatusOr<RpcReply> reply = endpoints_.Exchange(endpoint, method, parameters);
    absl::Status status;
    if (!reply.ok()) {
      status = absl::UnavailableError(reply.status().message());
    } else if (const RpcError* error = std::get_if<RpcError>(&*reply)) {
      status = SendStatus(*error);
    } else if (std::get<Json>(*reply) != Json(ToHexData(transaction.hash))) {
      status = absl::UnavailableError("result is not the transaction's hash");
    }
    taken = taken || status.ok();
    attempts.Add(endpoints_.name(endpoint), status);
  }
  if (taken) return absl::OkStatus();
  return attempts.Combine(
      method, {absl::StatusCode::kAlreadyExists, absl::StatusCode::kFailedPrecondition,
               absl::StatusCode::kResourceExhausted, absl::StatusCode::kInvalidArgument});
}

absl::StatusOr<std::optional<Receipt>> JsonRpcClient::FindReceipt(const Digest& transaction) {
  return Ask(
      "eth_getTransactionReceipt", Json::array({ToHexData(transaction)}),
      [&](const Json& result) { return ReadReceipt(result, transaction); }, EndpointTrouble);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChainClient>> MakeJsonRpcClient(JsonRpcOptions options,
                                                               const Clock& clock, HttpPost post) {
  RETURN_IF_ERROR(RpcEndpoints::Validate(options));
  return std::make_unique<JsonRpcClient>(std::move(options), clock, std::move(post));
}

}  // namespace kaisar::chain
