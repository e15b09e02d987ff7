#pragma once

#include "absl/status/status.h"
#include "chain/rpc_message.h"

namespace kaisar::chain {

/// What an error of eth_call or eth_estimateGas means. Clients agree on neither codes nor words.
///
/// Result: Aborted when the contract failed, with the decoded reason; ResourceExhausted when the
///         account cannot pay; OutOfRange when the endpoint lacks the state of the block;
///         Unavailable for anything else, which is the endpoint's own trouble.
absl::Status CallStatus(const RpcError& error);

/// What an error of eth_sendRawTransaction means.
///
/// Result: as ChainClient::Send says; ok for "already known".
absl::Status SendStatus(const RpcError& error);

}  // namespace kaisar::chain
