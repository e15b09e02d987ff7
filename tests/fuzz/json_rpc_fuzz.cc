// A response from somebody's endpoint: no bytes may crash the readers, what they take is printable
// and within its limits, and what they refuse is told.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/keccak256.h"
#include "chain/rpc_errors.h"
#include "chain/rpc_message.h"
#include "chain/rpc_object.h"
#include "chain/rpc_results.h"

namespace kaisar::chain {
namespace {

void ExpectTold(const absl::Status& status) {
  KAISAR_CHECK(status.ok() || !status.message().empty());
}

void ReadError(const RpcError& error) {
  KAISAR_CHECK(error.message.size() <= 300);
  ExpectTold(CallStatus(error));
  ExpectTold(SendStatus(error));
  KAISAR_CHECK(!CallStatus(error).ok());
}

void ReadResult(const Json& result) {
  LogFilter filter;
  filter.to_block = ~std::uint64_t{0};
  ExpectTold(ReadLogs(result, filter).status());
  ExpectTold(ReadBlock(result).status());
  ExpectTold(ReadReceipt(result, Digest{}).status());
  if (const auto header = ReadHeader(result); header.ok()) {
    const Json& hash = result.at("hash");
    KAISAR_CHECK(ReadHexData(hash, 32).value() == [&] {
      const Digest made = Keccak256(*header);
      return Bytes(made.begin(), made.end());
    }());
  }
  // What a transaction costs must fit a word whatever was read, or it would end the process.
  if (const auto fees = ReadFeeHistory(result); fees.ok()) {
    const Uint256 most_gas = ~std::uint64_t{0} / 4;
    KAISAR_CHECK(fees->max_fee >= fees->priority_fee && !(fees->max_fee * most_gas).is_zero());
  }
  if (const auto quantity = ReadQuantity(result, 192); quantity.ok()) {
    KAISAR_CHECK(ReadQuantity(ToQuantity(*quantity), 192).value() == *quantity);
  }
}

}  // namespace
}  // namespace kaisar::chain

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  using namespace kaisar::chain;
  const auto reply = ParseRpcReply(std::string(reinterpret_cast<const char*>(input), size), 1);
  if (!reply.ok()) {
    ExpectTold(reply.status());
  } else if (const RpcError* error = std::get_if<RpcError>(&*reply)) {
    ReadError(*error);
  } else {
    ReadResult(std::get<Json>(*reply));
  }
  return 0;
}
