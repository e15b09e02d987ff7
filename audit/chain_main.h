#pragma once

#include "chain/chain_access.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace kaisar::audit {

/// The options by which a command is told of a chain.
struct ChainCliOptions {
  CLI::Option* rpc;
  CLI::Option* deployment;
};

/// Adds --rpc, --deployment and --timeout-ms to a command; `rpc_help` says what the chain is for.
ChainCliOptions AddChainOptions(CLI::App& command, const char* rpc_help,
                                chain::ChainSource& source);

}  // namespace kaisar::audit
